/* Pure. The subscriber's settings and options. */
#ifndef SUBSCRIBER_CONFIG_H
#define SUBSCRIBER_CONFIG_H

#include "common/bus.h"
#include "common/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --simulate listens to two more than it shows. */
#define SUBSCRIBER_CHANNELS_MAX (BUS_CHANNELS_MAX - 2)

struct subscriber_since {
	uint64_t ms;   /* since 1970, or before now */
	bool relative; /* before now */
};

struct subscriber_config {
	char *target;
	int min_replicas, max_replicas; /* of the ledger */
	char *no_color;                 /* set and not empty: no colours */

	/* From the command line, which the strings belong to. */
	bool json, simulate, verbose, has_since;
	struct subscriber_since since;
	const char *channels[SUBSCRIBER_CHANNELS_MAX];
	size_t channels_n; /* 0: all of the suite */
	const char *bad_option, *bad_value;
};

extern const struct setting subscriber_settings[];
extern const char subscriber_options_help[];

/* Callbacks of struct service_spec. */
bool subscriber_config_option(int argc, char **argv, int *i, void *config);
int subscriber_config_check(const void *config, struct buf *errors);

/* Read "90s", "15m", "24h", "7d" or a stream id "1795458155613-0" (which means its millisecond).
 * 0, or -EINVAL. */
int subscriber_since_parse(const char *text, struct subscriber_since *ret);

#endif
