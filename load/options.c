/* Pure. What the load generator is told on its command line: one table of options, one reader for
 * each value.  Only loopback addresses pass: a load generator is not to be pointed at others. */
#include "load/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char load_options_usage[] =
	"usage: load --url URL --phase SECONDS@RPS [--phase …] [option …]\n"
	"\n"
	"Sends GET requests at a fixed rate, whatever the answers do (an open loop), and counts\n"
	"each latency from the moment its request was due.  Only to this machine: 127.0.0.0/8,\n"
	"::1 or localhost (127.0.0.1).\n"
	"\n"
	"  --url URL              http://HOST[:PORT][/PATH]\n"
	"  --phase SECONDS@RPS    so long, so many requests a second (0: a pause); up to 32\n"
	"                         phases, one hour and 5,000,000 requests in all\n"
	"  --connections MODE     keepalive: reuse connections, retry nothing (default)\n"
	"                         fresh: one connection a request\n"
	"  --max-in-flight N      requests under way at a time (default 2000, 1 to 10000);\n"
	"                         one that is due beyond it fails as an overrun\n"
	"  --timeout SECONDS      from the moment due (default 10, 0.05 to 60)\n"
	"  --poisson              random gaps, exponentially distributed, not a clock's grid\n"
	"  --seed N               of the random gaps (default 1)\n"
	"  --json                 one JSON object in place of the table\n"
	"\n"
	"A failed request counts as the timeout in every latency.  Exit status: 0; 1 if a\n"
	"request failed; 2 for a wrong command line.\n";

struct reader {
	struct load_options *options;
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 2, 3))) static int fail(const struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->error, r->error_size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int read_num(const char *text, double min, double max, double *ret)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !isfinite(value) || value < min || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* ---- URL ---- */

static int set_address(struct load_options *o, const char *host, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1 && ntohl(v4.sin_addr.s_addr) >> 24 == 127) {
		memcpy(&o->address, &v4, sizeof(v4));
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) {
		memcpy(&o->address, &v6, sizeof(v6));
		return 0;
	}
	return -EINVAL;
}

/* Split "[::1]:8081" or "localhost" into host and port. */
static int split_authority(const char *authority, char host[64], uint16_t *ret_port)
{
	bool bracketed = authority[0] == '[';
	const char *start = authority + bracketed;
	size_t len = strcspn(start, bracketed ? "]" : ":");
	const char *rest = start + len;
	double port = 80;

	if (len == 0 || len >= 64 || (bracketed && *rest++ != ']'))
		return -EINVAL;
	if (*rest == ':' && (strspn(rest + 1, "0123456789") != strlen(rest + 1) ||
			     read_num(rest + 1, 1, 65535, &port) != 0))
		return -EINVAL;
	if (*rest != ':' && *rest != '\0')
		return -EINVAL;
	memcpy(host, start, len);
	host[len] = '\0';
	*ret_port = (uint16_t)port;
	return 0;
}

static int read_url(const struct reader *r, const char *text)
{
	static const char scheme[] = "http://";
	struct load_options *o = r->options;
	const char *rest = text + strlen(scheme);
	char host[64];
	uint16_t port;
	size_t len;

	if (strncmp(text, scheme, strlen(scheme)) != 0 || strlen(text) >= LOAD_URL_MAX)
		return fail(r, "--url %.200s: it must begin with http:// and be under %d bytes",
			    text, LOAD_URL_MAX);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == '#')
			return fail(r, "--url: white space, control characters, # and letters "
				       "beyond ASCII must be percent-encoded");
	}
	len = strcspn(rest, "/?");
	if (len >= sizeof(o->authority))
		return fail(r, "--url: its host is too long");
	memcpy(o->authority, rest, len);
	o->authority[len] = '\0';
	if (split_authority(o->authority, host, &port) != 0)
		return fail(r,
			    "--url %.200s: it needs a host, and a port between 1 and 65535 if any",
			    text);
	if (set_address(o, host, port) != 0)
		return fail(r,
			    "--url: %s is not this machine; load goes to 127.0.0.0/8, ::1 or "
			    "localhost only",
			    host);
	snprintf(o->path, sizeof(o->path), "%s%s", rest[len] == '/' ? "" : "/", rest + len);
	snprintf(o->url, sizeof(o->url), "%s", text);
	return 0;
}

/* ---- the other values ---- */

static int read_phase(const struct reader *r, const char *text)
{
	struct load_options *o = r->options;
	const char *at = strchr(text, '@');
	struct load_phase phase;
	char seconds[32];

	if (o->phases_n == LOAD_PHASES_MAX)
		return fail(r, "--phase: at most %d phases", LOAD_PHASES_MAX);
	if (at == NULL || (size_t)(at - text) >= sizeof(seconds))
		return fail(r, "--phase %.200s: it must be SECONDS@RPS, such as 30@200", text);
	memcpy(seconds, text, (size_t)(at - text));
	seconds[at - text] = '\0';
	if (read_num(seconds, 0.001, LOAD_SECONDS_MAX, &phase.seconds) != 0)
		return fail(r, "--phase %.200s: the seconds must be between 0.001 and %d", text,
			    LOAD_SECONDS_MAX);
	if (read_num(at + 1, 0, LOAD_RATE_MAX, &phase.per_s) != 0)
		return fail(r, "--phase %.200s: the rate must be between 0 and %d a second", text,
			    LOAD_RATE_MAX);
	o->phases[o->phases_n++] = phase;
	return 0;
}

static int read_connections(const struct reader *r, const char *text)
{
	r->options->keepalive = strcmp(text, "keepalive") == 0;
	if (!r->options->keepalive && strcmp(text, "fresh") != 0)
		return fail(r, "--connections %.200s: it must be keepalive or fresh", text);
	return 0;
}

static int read_in_flight(const struct reader *r, const char *text)
{
	double value;

	if (read_num(text, 1, 10000, &value) != 0 || value != floor(value))
		return fail(r, "--max-in-flight %.200s: it must be a number between 1 and 10000",
			    text);
	r->options->in_flight_max = (unsigned)value;
	return 0;
}

static int read_timeout(const struct reader *r, const char *text)
{
	if (read_num(text, 0.05, 60, &r->options->timeout_sec) != 0)
		return fail(r, "--timeout %.200s: it must be between 0.05 and 60 seconds", text);
	return 0;
}

static int read_seed(const struct reader *r, const char *text)
{
	double value;

	if (read_num(text, 0, UINT32_MAX, &value) != 0 || value != floor(value))
		return fail(r, "--seed %.200s: it must be a number between 0 and 4294967295", text);
	r->options->seed = (uint64_t)value;
	return 0;
}

static int set_poisson(const struct reader *r, const char *text)
{
	(void)text;
	r->options->poisson = true;
	return 0;
}

static int set_json(const struct reader *r, const char *text)
{
	(void)text;
	r->options->json = true;
	return 0;
}

static int set_help(const struct reader *r, const char *text)
{
	(void)text;
	r->options->help = true;
	return 0;
}

static const struct {
	const char *name;
	bool has_value;
	int (*read)(const struct reader *, const char *text);
} OPTIONS[] = {
	{"--url", true, read_url},
	{"--phase", true, read_phase},
	{"--connections", true, read_connections},
	{"--max-in-flight", true, read_in_flight},
	{"--timeout", true, read_timeout},
	{"--seed", true, read_seed},
	{"--poisson", false, set_poisson},
	{"--json", false, set_json},
	{"--help", false, set_help},
};

/* Read the option at ${argv}[*i], and its value, which may follow it or "=". */
static int read_option(const struct reader *r, int argc, char *const *argv, int *i)
{
	const char *arg = argv[*i];
	size_t len = strcspn(arg, "=");
	const char *value = arg[len] == '=' ? arg + len + 1 : NULL;

	for (size_t k = 0; k < sizeof(OPTIONS) / sizeof(OPTIONS[0]); k++) {
		if (strlen(OPTIONS[k].name) != len || strncmp(OPTIONS[k].name, arg, len) != 0)
			continue;
		if (OPTIONS[k].has_value && value == NULL && *i + 1 < argc)
			value = argv[++*i];
		if (OPTIONS[k].has_value != (value != NULL))
			return fail(r, "%s: %s", OPTIONS[k].name,
				    value == NULL ? "it needs a value" : "it takes no value");
		return OPTIONS[k].read(r, value);
	}
	return fail(r, "%.200s: no such option", arg);
}

static int check_totals(const struct reader *r)
{
	const struct load_options *o = r->options;
	double seconds = 0, requests = 0;

	if (o->url[0] == '\0')
		return fail(r, "--url is missing");
	if (o->phases_n == 0)
		return fail(r, "--phase is missing: such as --phase 30@200");
	for (size_t i = 0; i < o->phases_n; i++) {
		seconds += o->phases[i].seconds;
		requests += o->phases[i].seconds * o->phases[i].per_s;
	}
	if (seconds > LOAD_SECONDS_MAX)
		return fail(r, "the phases last %.0f seconds, %d are allowed", seconds,
			    LOAD_SECONDS_MAX);
	if (requests > LOAD_REQUESTS_MAX)
		return fail(r, "the phases make %.0f requests, %d are allowed", requests,
			    LOAD_REQUESTS_MAX);
	return 0;
}

int load_options_parse(int argc, char *const *argv, struct load_options *ret, char *error,
		       size_t error_size)
{
	struct load_options o = {
		.keepalive = true, .in_flight_max = 2000, .timeout_sec = 10, .seed = 1};
	struct reader r = {.options = &o, .error_size = error_size};
	int err = 0;

	r.error = error;
	for (int i = 1; i < argc && err == 0 && !o.help; i++)
		err = read_option(&r, argc, argv, &i);
	if (err == 0 && !o.help)
		err = check_totals(&r);
	if (err == 0)
		*ret = o;
	return err;
}
