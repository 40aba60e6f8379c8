/* Pure. The ledger of leaving containers and of nginx workers that may still know them. */
#include "watcher/drains.h"

#include "common/json.h"
#include "common/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_worker(struct drains_workers *workers, struct drains_worker worker)
{
	if (workers->n == DRAINS_WORKERS_MAX)
		return;
	workers->list = xreallocarray(workers->list, workers->n + 1, sizeof(*workers->list));
	workers->list[workers->n++] = worker;
}

static struct drains_worker *find_worker(const struct drains_workers *workers, long pid)
{
	for (size_t i = 0; i < workers->n; i++)
		if (workers->list[i].pid == pid)
			return &workers->list[i];
	return NULL;
}

void drains_workers_free(struct drains_workers *workers)
{
	free(workers->list);
	*workers = (struct drains_workers){0};
}

void drains_free(struct drains *d)
{
	drains_workers_free(&d->retired);
	free(d->containers);
	*d = (struct drains){0};
}

/* Which column of the process list is titled ${title}, or -1. */
static int column(const cJSON *top, const char *title)
{
	const cJSON *cell;
	int i = 0;

	cJSON_ArrayForEach (cell, json_get(top, "Titles")) {
		if (cJSON_IsString(cell) && strcmp(cell->valuestring, title) == 0)
			return i;
		i++;
	}
	return -1;
}

int drains_workers_decode(const cJSON *top, struct drains_workers *ret)
{
	int pid_column = column(top, "PID"), args_column = column(top, "COMMAND");
	const cJSON *rows = json_get(top, "Processes"), *row;

	if (pid_column < 0 || args_column < 0 || !cJSON_IsArray(rows))
		return -EBADMSG;

	drains_workers_free(ret);
	cJSON_ArrayForEach (row, rows) {
		const char *pid = cJSON_GetStringValue(cJSON_GetArrayItem(row, pid_column));
		const char *args = cJSON_GetStringValue(cJSON_GetArrayItem(row, args_column));

		if (pid && args && strncmp(args, "nginx: worker process", 21) == 0)
			add_worker(ret, (struct drains_worker){
						.pid = strtol(pid, NULL, 10),
						.leaving = strstr(args, "is shutting down"),
					});
	}
	return 0;
}

static struct drains_container *entry(struct drains *d, const struct docker_container *c)
{
	struct drains_container *container;

	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->containers[i].server.id, c->id) == 0)
			return &d->containers[i];
	if (d->n == MESSAGE_SERVERS_MAX)
		return NULL;
	d->containers = xreallocarray(d->containers, d->n + 1, sizeof(*d->containers));
	container = &d->containers[d->n++];
	*container = (struct drains_container){.without = -1};
	snprintf(container->server.id, sizeof(container->server.id), "%s", c->id);
	return container;
}

void drains_list(struct drains *d, const char *target, const struct docker_container *list,
		 size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++)
		d->containers[i].listed = false;
	for (size_t i = 0; i < n; i++) {
		struct drains_container *container;
		int number;

		if (replica_parse(target, list[i].name, &number) != REPLICA_DRAIN)
			continue;
		container = entry(d, &list[i]);
		if (!container)
			continue;
		/* Told by the name under which it was in rotation. */
		replica_format(target, number == 0 ? REPLICA_TEMPLATE : REPLICA_DUP, number,
			       container->server.name);
		container->listed = true;
	}
	for (size_t i = 0; i < d->n; i++)
		if (d->containers[i].listed)
			d->containers[kept++] = d->containers[i];
	d->n = kept;
}

void drains_confirmed(struct drains *d, int generation, const struct upstreams *servers)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->containers[i].without < 0 &&
		    !upstreams_may_have(servers, d->containers[i].server.id))
			d->containers[i].without = generation;
}

void drains_retire(struct drains *d, int generation, const struct drains_workers *before)
{
	for (size_t i = 0; i < before->n; i++)
		if (!find_worker(&d->retired, before->list[i].pid))
			add_worker(&d->retired, (struct drains_worker){
							.pid = before->list[i].pid,
							.retired_by = generation,
						});
}

/* Whether a worker is left that was started before ${generation}. */
static bool older_left(const struct drains *d, int generation)
{
	for (size_t i = 0; i < d->retired.n; i++)
		if (d->retired.list[i].retired_by <= generation)
			return true;
	return false;
}

bool drains_look(struct drains *d, const struct drains_workers *now)
{
	size_t kept = 0;
	bool news = false;

	for (size_t i = 0; i < d->retired.n; i++)
		if (find_worker(now, d->retired.list[i].pid))
			d->retired.list[kept++] = d->retired.list[i];
	d->retired.n = kept;

	/* A worker that nobody saw before its reload (this process was not there, or nginx had
	 * replaced one that crashed) may be of any generation. */
	for (size_t i = 0; i < now->n; i++)
		if (now->list[i].leaving && !find_worker(&d->retired, now->list[i].pid))
			add_worker(&d->retired, (struct drains_worker){
							.pid = now->list[i].pid,
							.retired_by = 0,
						});

	for (size_t i = 0; i < d->n; i++) {
		struct drains_container *c = &d->containers[i];

		if (c->drained || c->without < 0 || older_left(d, c->without))
			continue;
		c->drained = true;
		news = true;
	}
	return news;
}

bool drains_waiting(const struct drains *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (!d->containers[i].drained && d->containers[i].without >= 0)
			return true;
	return false;
}

void drains_done(const struct drains *d, struct upstreams *ret)
{
	upstreams_free(ret);
	for (size_t i = 0; i < d->n; i++) {
		if (!d->containers[i].drained)
			continue;
		ret->servers = xreallocarray(ret->servers, ret->n + 1, sizeof(*ret->servers));
		ret->servers[ret->n++] = d->containers[i].server;
	}
}
