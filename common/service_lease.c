/* Shell. A lease opened with the common settings and reported as the dependency "lease": healthy as
 * long as it is known who has it. */
#include "common/mem.h"
#include "common/service_internal.h"

static void on_change(const struct lease_news *news, void *cookie)
{
	struct service_lease_hook *hook = cookie;

	health_set(hook->health, news->known, news->detail);
	hook->on_change(news, hook->cookie);
}

struct lease *service_lease(struct service *sv, const char *name, lease_changed *changed,
			    void *cookie)
{
	struct service_lease_hook *hook = xcalloc(1, sizeof(*hook));
	const struct lease_options options = {
		.host = sv->common.redis_host,
		.port = sv->common.redis_port,
		.username = sv->common.redis_username,
		.password = sv->common.redis_password,
		.name = name,
		.on_change = on_change,
		.cookie = hook,
	};

	hook->health = service_health(sv, "lease");
	hook->on_change = changed;
	hook->cookie = cookie;
	sv->lease_hook = hook;
	return lease_open(&sv->loop, &options);
}
