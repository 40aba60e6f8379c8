/* Shell. What a command has to say. */
#include "replay/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A buffered write fails when it is flushed at the latest. */
static int write_out(FILE *f, const char *name, const struct buf *text)
{
	errno = 0;
	if (fwrite(buf_text(text), 1, text->len, f) == text->len && fflush(f) == 0)
		return 0;

	int err = errno != 0 ? -errno : -EIO;
	fprintf(stderr, "%s: %s\n", name, strerror(-err));
	return err;
}

int output_print(const struct buf *text)
{
	return write_out(stdout, "standard output", text);
}

int output_save(const char *path, const struct buf *text)
{
	FILE *f = fopen(path, "we");
	int err;

	if (f == NULL) {
		err = -errno;
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
		return err;
	}
	err = write_out(f, path, text);
	fclose(f);
	return err;
}

void output_add_json(cJSON *root, struct buf *out)
{
	char *text = cJSON_Print(root);

	buf_puts(out, text);
	buf_puts(out, "\n");
	cJSON_free(text);
	cJSON_Delete(root);
}
