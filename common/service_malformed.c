/* Shell. The one line that all daemons log about what they cannot use. */
#include "common/service_malformed.h"

#include "common/log.h"
#include "common/mem.h"

#include <stdlib.h>

enum { HEAD_BYTES = 200 }; /* of the message, enough to recognise its sender by */

void malformed_skip(struct malformed *malformed, const struct bus_message *m, const char *cause)
{
	metric_inc(malformed->count);
	if (!once_new(&malformed->once, cause))
		return;

	char *head = xstrndup(m->text, m->len < HEAD_BYTES ? m->len : HEAD_BYTES);

	log_warn("message ignored", F_STR("channel", m->channel), F_STR("error", cause),
		 F_STR("raw", head));
	free(head);
}
