/* Pure. What the load generator is told on its command line. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define LOAD_PHASES_MAX   32
#define LOAD_SECONDS_MAX  3600    /* all phases together */
#define LOAD_RATE_MAX     20000   /* requests per second */
#define LOAD_REQUESTS_MAX 5000000 /* all phases together: each keeps a number until the end */
#define LOAD_URL_MAX      1024    /* bytes, the NUL counted */

struct load_phase {
	double seconds;
	double per_s; /* requests; 0: silence */
};

struct load_options {
	char url[LOAD_URL_MAX];
	char authority[128]; /* host and port, for the Host header */
	char path[LOAD_URL_MAX];
	struct sockaddr_storage address;
	struct load_phase phases[LOAD_PHASES_MAX];
	size_t phases_n;
	bool keepalive;
	bool poisson;
	bool json;
	bool help;
	unsigned in_flight_max;
	double timeout_sec;
	uint64_t seed;
};

/* Read ${argv} from its second element on.  0, or -EINVAL and one sentence in ${error}.  With
 * --help, ${ret}->help is set and the rest is not checked. */
int load_options_parse(int argc, char *const *argv, struct load_options *ret, char *error,
		       size_t error_size);

/* Text for --help. */
extern const char load_options_usage[];

#endif
