/* Pure. Rows are made of containers, of servers that are no container, and where containers are not
 * known, of whoever answered. */
#include "dashboard/replicas.h"

#include "common/json.h"
#include "common/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *name;
	enum message_container_state state;
	double created_ts;
};

struct rows {
	struct row *rows;
	size_t n;
};

void replicas_take_alert(struct replicas *r, struct message_alert *alert, double ts)
{
	free(r->containers);
	free(r->traffic);
	r->alert_ts = ts;
	r->containers = alert->containers;
	r->containers_n = alert->containers_n;
	r->traffic = alert->by_replica;
	r->traffic_n = alert->by_replica_n;
	alert->containers = NULL;
	alert->by_replica = NULL;
	alert->containers_n = alert->by_replica_n = 0;
}

void replicas_take_upstreams(struct replicas *r, struct message_upstreams *up, double ts)
{
	free(r->servers);
	r->servers_ts = ts;
	r->servers = up->servers;
	r->servers_n = up->servers_n;
	up->servers = NULL;
	up->servers_n = 0;
}

void replicas_done(struct replicas *r)
{
	free(r->containers);
	free(r->traffic);
	free(r->servers);
	*r = (struct replicas){0};
}

static const struct message_server *server_named(const struct replicas *r, const char *name)
{
	for (size_t i = 0; i < r->servers_n; i++)
		if (strcmp(r->servers[i].name, name) == 0)
			return &r->servers[i];
	return NULL;
}

static const struct message_replica_traffic *traffic_of(const struct replicas *r, const char *name,
							const struct message_server *server)
{
	for (size_t i = 0; i < r->traffic_n; i++) {
		const struct message_replica_traffic *t = &r->traffic[i];
		bool is_nameless = t->name[0] == '\0' && server != NULL;

		if (strcmp(t->name, name) == 0 ||
		    (is_nameless && strcmp(t->address, server->address) == 0))
			return t;
	}
	return NULL;
}

static bool has(const struct rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->rows[i].name, name) == 0)
			return true;
	return false;
}

static void add(struct rows *rows, const char *name, enum message_container_state state,
		double created_ts)
{
	if (name[0] != '\0' && !has(rows, name))
		rows->rows[rows->n++] = (struct row){name, state, created_ts};
}

/* By length first: the template, then -dup-2 before -dup-10. */
static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	size_t x_len = strlen(x->name), y_len = strlen(y->name);

	return x_len != y_len ? (x_len > y_len) - (x_len < y_len) : strcmp(x->name, y->name);
}

static struct rows make_rows(const struct replicas *r)
{
	struct rows rows = {
		.rows = xcalloc(r->containers_n + r->servers_n + r->traffic_n, sizeof(struct row))};

	for (size_t i = 0; i < r->containers_n; i++) {
		const struct message_container *c = &r->containers[i];
		bool came = c->state == CONTAINER_STARTING && server_named(r, c->name) != NULL;

		add(&rows, c->name, came ? CONTAINER_READY : c->state, c->created_ts);
	}
	for (size_t i = 0; i < r->servers_n; i++) {
		bool is_gone = r->containers_n > 0 && r->alert_ts > r->servers_ts;

		add(&rows, r->servers[i].name, is_gone ? CONTAINER_DOWN : CONTAINER_READY, NAN);
	}
	for (size_t i = 0; i < r->traffic_n && r->containers_n == 0; i++)
		add(&rows, r->traffic[i].name, CONTAINER_READY, NAN);
	if (rows.n > 0)
		qsort(rows.rows, rows.n, sizeof(struct row), compare);
	return rows;
}

static double sum_rps(const struct replicas *r)
{
	double sum = 0;

	for (size_t i = 0; i < r->traffic_n; i++)
		if (!isnan(r->traffic[i].completed_rps))
			sum += r->traffic[i].completed_rps;
	return sum;
}

static cJSON *row_json(const struct replicas *r, const struct row *row, double all_rps)
{
	const struct message_server *server = server_named(r, row->name);
	const struct message_replica_traffic *t = traffic_of(r, row->name, server);
	cJSON *o = cJSON_CreateObject();

	json_add_text(o, "name", row->name);
	cJSON_AddStringToObject(o, "state", message_container_state_name(row->state));
	if (server != NULL && server->address[0] != '\0')
		json_add_text(o, "address", server->address);
	if (t != NULL) {
		json_add_round(o, "rps", t->completed_rps, 3);
		json_add_round(o, "p95_ms", t->p95_ms, 3);
		json_add_round(o, "share", all_rps > 0 ? t->completed_rps / all_rps : NAN, 4);
		json_add_round(o, "error_rate", t->error_rate, 6);
	}
	json_add_round(o, "created_ts", row->created_ts, 3);
	return o;
}

cJSON *replicas_json(const struct replicas *r)
{
	struct rows rows = make_rows(r);
	cJSON *array = cJSON_CreateArray();
	double all_rps = sum_rps(r);

	for (size_t i = 0; i < rows.n; i++)
		cJSON_AddItemToArray(array, row_json(r, &rows.rows[i], all_rps));
	free(rows.rows);
	return array;
}
