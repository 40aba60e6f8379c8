/* Shell. Probes over the HTTP client; see probe.h. */
#include "monitor/probe.h"

#include "common/http_client.h"
#include "common/mem.h"

#include <stdlib.h>
#include <utlist.h>

struct probe {
	struct prober *owner;
	uint64_t due_us;
	struct probe *prev, *next;
};

struct prober {
	struct http_client *client;
	char *url;
	uint64_t timeout_ms;
	uint64_t sent;
	size_t in_flight, in_flight_max;
	struct probe *out; /* in flight, oldest first */
	probe_ended *ended;
	void *cookie;
};

static double ms_since(uint64_t due_us)
{
	uint64_t now_us = uv_hrtime() / 1000;

	return now_us > due_us ? (double)(now_us - due_us) / 1000.0 : 0.0;
}

int prober_open(uv_loop_t *loop, const char *url, uint64_t timeout_ms, size_t in_flight_max,
		probe_ended *ended, void *cookie, struct prober **ret)
{
	struct prober *p = xcalloc(1, sizeof(*p));
	int err = http_client_open(loop, &p->client);

	if (err < 0) {
		free(p);
		return err;
	}
	p->url = xstrdup(url);
	p->timeout_ms = timeout_ms;
	p->in_flight_max = in_flight_max;
	p->ended = ended;
	p->cookie = cookie;
	*ret = p;
	return 0;
}

void prober_close(struct prober *p)
{
	struct probe *probe, *tmp;

	if (p == NULL)
		return;
	http_client_close(p->client);
	DL_FOREACH_SAFE(p->out, probe, tmp)
	free(probe);
	free(p->url);
	free(p);
}

static void probe_done(const struct http_result *result, void *cookie)
{
	struct probe *probe = cookie;
	struct prober *p = probe->owner;
	double latency_ms = ms_since(probe->due_us);
	bool ok = result->err == 0 && result->status >= 200 && result->status < 300;

	DL_DELETE(p->out, probe);
	p->in_flight--;
	free(probe);
	p->ended(ok && latency_ms <= (double)p->timeout_ms, latency_ms, p->cookie);
}

bool prober_send(struct prober *p, uint64_t due_us)
{
	double late_ms = ms_since(due_us);

	if (p->in_flight == p->in_flight_max || late_ms >= (double)p->timeout_ms)
		return false;

	struct probe *probe = xcalloc(1, sizeof(*probe));
	uint64_t left_ms = p->timeout_ms - (uint64_t)late_ms;
	struct http_call_options options = {
		.method = "GET",
		.url = p->url,
		.timeout_ms = left_ms,
		.connect_timeout_ms = left_ms,
		.fresh_connection = true,
		.discard_body = true,
	};

	probe->owner = p;
	probe->due_us = due_us;
	DL_APPEND(p->out, probe);
	p->in_flight++;
	p->sent++;
	http_call_start(p->client, &options, probe_done, probe);
	return true;
}

uint64_t prober_sent(const struct prober *p)
{
	return p->sent;
}

uint64_t prober_out(const struct prober *p)
{
	return p->in_flight;
}

size_t prober_in_flight_ms(const struct prober *p, double *ret, size_t cap)
{
	const struct probe *probe;
	size_t n = 0;

	DL_FOREACH(p->out, probe)
	{
		if (n == cap)
			break;
		ret[n++] = ms_since(probe->due_us);
	}
	return n;
}
