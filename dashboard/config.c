/* Pure. The dashboard's settings table. */
#include "dashboard/config.h"

#include "dashboard/guard.h"

#include <stddef.h>

#define AT(field) offsetof(struct dashboard_config, field)

const struct setting dashboard_settings[] = {
	{.name = "DASHBOARD_PORT",
	 .type = SETTING_INT,
	 .offset = AT(port),
	 .def = "8090",
	 .min = 1,
	 .max = 65535,
	 .help = "Port of the dashboard"},
	{.name = "DASHBOARD_BIND",
	 .type = SETTING_STR,
	 .offset = AT(bind),
	 .def = "127.0.0.1",
	 .min = 1,
	 .max = 45,
	 .help = "Address of the dashboard"},
	{.name = "DASHBOARD_HOSTS",
	 .type = SETTING_STR,
	 .offset = AT(hosts),
	 .min = 1,
	 .max = GUARD_HOSTS_MAX,
	 .help = "Names, with commas between, that the dashboard is called by, beside localhost"},
	{.name = "DASHBOARD_PASSWORD",
	 .type = SETTING_SECRET,
	 .offset = AT(password),
	 .min = GUARD_PASSWORD_MIN,
	 .max = GUARD_PASSWORD_MAX,
	 .help = "Password that the dashboard asks for, with any user name"},
	{.name = "TARGET",
	 .type = SETTING_NAME,
	 .offset = AT(target),
	 .def = "app",
	 .help = "Container name of the service that is scaled"},
	{0},
};

int dashboard_config_check(const void *config, struct buf *errors)
{
	const struct dashboard_config *c = config;

	if (c->hosts == NULL || guard_hosts_valid(c->hosts))
		return 0;
	buf_printf(errors,
		   "DASHBOARD_HOSTS=%s: must be names of hosts, without ports, with commas "
		   "between\n",
		   c->hosts);
	return 1;
}
