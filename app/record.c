/* Shell. One write a line: with O_APPEND the lines of several processes never mix. */
#include "app/record.h"

#include "common/log.h"
#include "common/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID_MAX 64

struct record {
	int fd;
	char host[256];
};

int record_open(const char *path, struct record **ret)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	struct record *r;

	if (fd < 0)
		return -errno;
	/* Whatever the umask: replicas may run as different users. */
	(void)!fchmod(fd, 0666);
	r = xcalloc(1, sizeof(*r));
	r->fd = fd;
	gethostname(r->host, sizeof(r->host) - 1);
	*ret = r;
	return 0;
}

void record_add(struct record *r, const struct http_request *req)
{
	const char *id = r != NULL ? http_request_header(req, "X-Request-Id") : NULL;
	char line[ID_MAX + sizeof(r->host) + 3];
	int len;

	if (id == NULL || strlen(id) > ID_MAX)
		return;
	len = snprintf(line, sizeof(line), "%s %s\n", id, r->host);
	if (write(r->fd, line, (size_t)len) != len)
		log_warn("a request is missing in the record", F_STR("id", id));
}

void record_close(struct record *r)
{
	if (r == NULL)
		return;
	close(r->fd);
	free(r);
}
