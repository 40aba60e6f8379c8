/* Pure. One table for the settings, one for the options. */
#include "subscriber/config.h"

#include "common/bus_stream.h"
#include "common/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT(member)       offsetof(struct subscriber_config, member)
#define SINCE_MAX_MS     (100ull * 365 * 24 * 3600 * 1000)
#define CHANNEL_NAME_MAX 64

const struct setting subscriber_settings[] = {
	{.name = "TARGET",
	 .type = SETTING_NAME,
	 .offset = AT(target),
	 .def = "app",
	 .help = "target of the messages that name none"},
	{.name = "MIN_REPLICAS",
	 .type = SETTING_INT,
	 .offset = AT(min_replicas),
	 .def = "2",
	 .unit = "replicas",
	 .min = 1,
	 .max = 1000,
	 .help = "--simulate never goes below, the template counted"},
	{.name = "MAX_REPLICAS",
	 .type = SETTING_INT,
	 .offset = AT(max_replicas),
	 .def = "10",
	 .unit = "replicas",
	 .min = 1,
	 .max = 1000,
	 .help = "--simulate never goes beyond, the template counted"},
	{.name = "NO_COLOR",
	 .type = SETTING_STR,
	 .offset = AT(no_color),
	 .help = "any value: no colours on a terminal"},
	{0},
};

const char subscriber_options_help[] =
	"  --json         JSON lines, as always where standard output is no terminal\n"
	"  --channel C    only this channel (alerts, actions, results, advice, or any other);\n"
	"                 may be repeated\n"
	"  --since WHEN   begin with what is kept since then: a duration before now (90s, 15m,\n"
	"                 24h, 7d) or the id of a stream entry (1795458155613-0)\n"
	"  --simulate     apply the plans to a ledger and print the counts they lead to\n"
	"  -v             print the noop plans too\n";

int subscriber_since_parse(const char *text, struct subscriber_since *ret)
{
	static const struct {
		char unit;
		uint64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	struct stream_id id;
	char *end;

	if (strchr(text, '-')) {
		if (stream_id_parse(text, &id) < 0)
			return -EINVAL;
		*ret = (struct subscriber_since){.ms = id.ms};
		return 0;
	}
	if (*text < '0' || *text > '9')
		return -EINVAL;
	unsigned long long n = strtoull(text, &end, 10);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (end[0] == units[i].unit && end[1] == '\0' && n <= SINCE_MAX_MS / units[i].ms) {
			*ret = (struct subscriber_since){.ms = n * units[i].ms, .relative = true};
			return 0;
		}
	return -EINVAL;
}

static int take_since(struct subscriber_config *c, const char *value)
{
	c->has_since = true;
	return subscriber_since_parse(value, &c->since);
}

static int take_channel(struct subscriber_config *c, const char *value)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.:-";
	size_t len = strlen(value);

	if (len == 0 || len > CHANNEL_NAME_MAX || strspn(value, allowed) != len)
		return -EINVAL;
	for (size_t i = 0; i < c->channels_n; i++)
		if (strcmp(c->channels[i], value) == 0)
			return 0;
	if (c->channels_n == SUBSCRIBER_CHANNELS_MAX)
		return -EINVAL;
	c->channels[c->channels_n++] = value;
	return 0;
}

static const struct {
	const char *name;
	size_t flag;                                                /* of a bool, or */
	int (*take)(struct subscriber_config *, const char *value); /* what takes its value */
} options[] = {
	{"--json", AT(json), NULL}, {"--simulate", AT(simulate), NULL},
	{"-v", AT(verbose), NULL},  {"--channel", 0, take_channel},
	{"--since", 0, take_since},
};

bool subscriber_config_option(int argc, char **argv, int *i, void *config)
{
	struct subscriber_config *c = config;
	size_t o = 0, n = sizeof(options) / sizeof(options[0]);

	while (o < n && strcmp(argv[*i], options[o].name) != 0)
		o++;
	if (o == n)
		return false;
	if (!options[o].take) {
		*(bool *)((char *)config + options[o].flag) = true;
		return true;
	}
	const char *value = *i + 1 < argc ? argv[++*i] : "";

	if (options[o].take(c, value) < 0 && !c->bad_option) {
		c->bad_option = options[o].name;
		c->bad_value = value;
	}
	return true;
}

int subscriber_config_check(const void *config, struct buf *errors)
{
	const struct subscriber_config *c = config;
	int n = 0;

	if (c->bad_option && strcmp(c->bad_option, "--since") == 0)
		n += buf_printf(
			     errors,
			     "--since \"%s\": must be a duration (90s, 15m, 24h, 7d) or a stream "
			     "id (1795458155613-0)\n",
			     c->bad_value) == 0;
	else if (c->bad_option)
		n += buf_printf(errors,
				"%s \"%s\": must be the name of a channel (letters, digits, "
				"\"_.:-\"), at most %d of them\n",
				c->bad_option, c->bad_value, SUBSCRIBER_CHANNELS_MAX) == 0;
	if (c->min_replicas > c->max_replicas)
		n += buf_printf(errors, "MIN_REPLICAS=%d: must be at most MAX_REPLICAS=%d\n",
				c->min_replicas, c->max_replicas) == 0;
	return n;
}
