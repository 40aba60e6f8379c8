/* Shell. A bus opened with the common settings and reported as the dependency "redis".  A file of
 * its own, so that programs without Redis do not link hiredis. */
#include "common/log.h"
#include "common/mem.h"
#include "common/service_internal.h"

static void on_health(bool up, const char *detail, void *cookie)
{
	struct service_bus_hook *hook = cookie;

	health_set(hook->health, up, detail);
	if (hook->options.on_health != NULL)
		hook->options.on_health(up, detail, hook->options.cookie);
}

static void on_message(const struct bus_message *m, void *cookie)
{
	struct service_bus_hook *hook = cookie;

	hook->options.on_message(m, hook->options.cookie);
}

static void on_live(void *cookie)
{
	struct service_bus_hook *hook = cookie;

	if (hook->options.on_live != NULL)
		hook->options.on_live(hook->options.cookie);
}

static void on_unannounced(const char *error, void *cookie)
{
	struct service_bus_hook *hook = cookie;

	if (!hook->refusal_told)
		log_warn(
			"Redis refuses heartbeats: the dashboard will say that this daemon is gone",
			F_STR("detail", error));
	hook->refusal_told = true;
}

struct bus *service_bus(struct service *sv, const struct bus_options *options)
{
	struct bus_options own = *options;
	struct service_bus_hook *hook = xcalloc(1, sizeof(*hook));

	hook->options = *options;
	hook->health = service_health(sv, "redis");
	sv->bus_hook = hook;

	own.host = sv->common.redis_host;
	own.port = sv->common.redis_port;
	own.username = sv->common.redis_username;
	own.password = sv->common.redis_password;
	own.on_health = on_health;
	own.on_message = options->on_message != NULL ? on_message : NULL;
	own.on_live = on_live;
	own.on_unannounced = on_unannounced;
	own.cookie = hook;
	return bus_open(&sv->loop, &own);
}
