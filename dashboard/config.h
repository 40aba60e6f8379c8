/* Pure. What the dashboard can be told. */
#ifndef DASHBOARD_CONFIG_H
#define DASHBOARD_CONFIG_H

#include "common/settings.h"

struct dashboard_config {
	int port;
	char *bind;
	char *hosts;    /* NULL: none but localhost */
	char *password; /* NULL: none is asked for */
	char *target;
};

extern const struct setting dashboard_settings[];

/* What no single row can say; see service.h.  Whether DASHBOARD_BIND can be had is not asked. */
int dashboard_config_check(const void *config, struct buf *errors);

#endif
