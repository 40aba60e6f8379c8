/* Shell. Fuzz target: a request to the dashboard, a line for its path and for each header that is
 * looked at.  Whoever gets an answer called it by a name that is its own, is no page of another
 * site, and knows the password; and there is one writing of an id, and bounds to a range. */
#include "common/gzip.h"
#include "common/mem.h"
#include "dashboard/eventlog.h"
#include "dashboard/guard.h"
#include "dashboard/series.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <strings.h>

#define HOSTS    "dash.example,ops-1"
#define PASSWORD "correct horse"
#define NOW_MS   1000000
#define TRIES    30 /* of a wrong password, in no time */

struct request {
	char *path, *host, *origin, *fetch_site, *authorization;
	bool doubled;
};

/* The value of the lines "${name}: value" that come first; doubled where there are more. */
static char *header(const uint8_t *data, size_t size, const char *name, bool *doubled)
{
	size_t name_len = strlen(name);
	char *value = NULL;

	for (size_t at = 0; at < size;) {
		const uint8_t *line = data + at, *feed = memchr(line, '\n', size - at);
		size_t len = (size_t)((feed ? feed : data + size) - line);

		if (len >= name_len && !memcmp(line, name, name_len)) {
			*doubled |= value != NULL;
			if (value == NULL)
				value = fuzz_copy(line + name_len, len - name_len, true);
		}
		at += len + 1;
	}
	return value;
}

static void request_read(const uint8_t *data, size_t size, struct request *r)
{
	bool ignored = false;

	r->doubled = false;
	r->path = header(data, size, "GET ", &ignored);
	r->host = header(data, size, "Host: ", &r->doubled);
	r->origin = header(data, size, "Origin: ", &r->doubled);
	r->fetch_site = header(data, size, "Sec-Fetch-Site: ", &r->doubled);
	r->authorization = header(data, size, "Authorization: ", &r->doubled);
	if (r->path == NULL)
		r->path = fuzz_copy((const uint8_t *)"/", 1, true);
}

static void request_free(struct request *r)
{
	free(r->path);
	free(r->host);
	free(r->origin);
	free(r->fetch_site);
	free(r->authorization);
}

static enum guard_verdict judge(const struct request *r, const char *hosts, const char *password,
				int times)
{
	const struct guard_request looked_at = {r->path,       r->host,          r->origin,
						r->fetch_site, r->authorization, r->doubled};
	enum guard_verdict verdict = GUARD_PASS;
	struct guard guard;

	guard_init(&guard, hosts, password);
	for (int i = 0; i < times; i++)
		verdict = guard_judge(&guard, &looked_at, NOW_MS);
	must(verdict < GUARD_VERDICTS_N);
	if (verdict != GUARD_PASS)
		must(guard_answer(verdict)->status >= 400 && guard_answer(verdict)->text[0]);
	return verdict;
}

/* ${host} without its port, in lower case. */
static void bare_name(const char *host, char *ret, size_t size)
{
	const char *bracket = strchr(host, ']');
	const char *port = strchr(bracket ? bracket : host, ':');
	size_t len = port ? (size_t)(port - host) : strlen(host);

	must(len < size);
	for (size_t i = 0; i < len; i++)
		ret[i] = (char)tolower((unsigned char)host[i]);
	ret[len] = '\0';
	if (port != NULL)
		must(port[1] != '\0' && port[1 + strspn(port + 1, "0123456789")] == '\0');
}

static void check_host(const char *host)
{
	char name[512], address[16];

	must(host != NULL);
	bare_name(host, name, sizeof(name));
	if (name[0] == '[') {
		must(name[strlen(name) - 1] == ']');
		name[strlen(name) - 1] = '\0';
		must(inet_pton(AF_INET6, name + 1, address) == 1);
		return;
	}
	must(!strcmp(name, "localhost") || !strcmp(name, "dash.example") ||
	     !strcmp(name, "ops-1") || inet_pton(AF_INET, name, address) == 1);
}

static void check_site(const struct request *r)
{
	if (r->origin != NULL) {
		size_t scheme = strncasecmp(r->origin, "https", 5) ? 7 : 8;

		must(strlen(r->origin) > scheme && !strcasecmp(r->origin + scheme, r->host));
		must(!strncasecmp(r->origin, "http://", 7) ||
		     !strncasecmp(r->origin, "https://", 8));
	}
	if (r->fetch_site != NULL && strcmp(r->path, "/") != 0)
		must(!strcmp(r->fetch_site, "same-origin") || !strcmp(r->fetch_site, "none"));
}

static void check_password(const struct request *r)
{
	const enum guard_verdict with = judge(r, HOSTS, PASSWORD, 1);
	const bool health = !strcmp(r->path, "/healthz");

	if (with == GUARD_PASS && !health) {
		must(r->authorization != NULL && !strncasecmp(r->authorization, "Basic ", 6));
		must(judge(r, HOSTS, PASSWORD " ", 1) == GUARD_WRONG);
		must(judge(r, HOSTS, "correct horsf", 1) == GUARD_WRONG);
		must(judge(r, HOSTS, PASSWORD, TRIES) == GUARD_PASS);
	}
	if (health)
		must(with == GUARD_PASS);
	else if (r->authorization == NULL)
		must(with == GUARD_ASK);
	else
		must(with == GUARD_PASS || with == GUARD_WRONG);
	if (with == GUARD_WRONG)
		must(judge(r, HOSTS, PASSWORD, TRIES) == GUARD_GUESSING);
}

/* By whatever names the list has, it is called. */
static void check_hosts(char *hosts)
{
	struct request r = {.path = hosts};
	char *rest, *list = strdup(hosts);

	must(list != NULL);
	if (guard_hosts_valid(hosts)) {
		for (r.host = strtok_r(list, ",", &rest); r.host;
		     r.host = strtok_r(NULL, ",", &rest))
			must(judge(&r, hosts, NULL, 1) == GUARD_PASS);
	}
	free(list);
}

static void check_id(const char *id)
{
	struct eventlog *log = eventlog_new(0xab);
	char again[EVENTLOG_ID_MAX];
	uint64_t seq;

	for (int i = 0; i < 3; i++)
		eventlog_add(log, "reset", "{}");
	if (eventlog_find(log, id, &seq)) {
		must(seq <= 3);
		eventlog_id(log, seq, again);
		must(strcmp(id, again) == 0);
	}
	eventlog_free(log);
}

/* What only chooses among answers. */
static void check_wishes(const uint8_t *data, size_t size)
{
	bool ignored = false;
	char *id = header(data, size, "Last-Event-ID: ", &ignored);
	char *range = header(data, size, "range=", &ignored);
	char *encodings = header(data, size, "Accept-Encoding: ", &ignored);
	unsigned sec;

	if (id != NULL)
		check_id(id);
	if (series_parse_range(range, &sec) == 0)
		must(sec >= SERIES_RANGE_MIN && sec <= SERIES_RANGE_MAX);
	if (gzip_accepted(encodings))
		must(strpbrk(encodings, "gG*") != NULL);
	free(id);
	free(range);
	free(encodings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, true);
	struct request r;

	mem_init();
	request_read(data, size, &r);
	enum guard_verdict verdict = judge(&r, HOSTS, NULL, 1);
	must(r.doubled == (verdict == GUARD_DOUBLED));
	if (verdict == GUARD_PASS) {
		check_host(r.host);
		check_site(&r);
		check_password(&r);
	} else {
		must(judge(&r, HOSTS, PASSWORD, 1) == verdict);
	}
	check_hosts(text);
	check_wishes(data, size);
	request_free(&r);
	free(text);
	return 0;
}
