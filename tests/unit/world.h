/* Shell. A small world for the tests of the reconciler.
 *
 * It is written as words: "app dup-1 dup-2:exited drain-3".  A word is a container of service "app"
 * (app alone: the template), running unless a state follows.  Its id is its number's ("id-2", the
 * template's is "id-0"), so a rename keeps it; higher numbers are newer unless "@N" says when it
 * was created.  "!" in front takes the label away. */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include "tests/unit/unit.h"

#include "common/mem.h"
#include "executor/reconcile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

enum {
	START_MS = 1000000,
	DRAIN_MS = 30000,
	STOP_MS = 10000,
	READY_MS = 60000,
	RESTART_LIMIT_MS = DRAIN_MS + STOP_MS + READY_MS + 30000,
	CONTAINERS_MAX = 64,
	TEXT_MAX = 4096,
};

struct world {
	struct reconcile *r;
	uint64_t now_ms;
	bool deaf; /* the bus is down */
	struct step busy[32];
	size_t busy_n;
	struct reconcile_out out;
	char steps[TEXT_MAX]; /* of the last look: "create dup-1, stop drain-2" */
};

static const struct {
	const char *word;
	enum docker_state state;
} states[] = {
	{"created", DOCKER_CREATED}, {"run", DOCKER_RUNNING},
	{"paused", DOCKER_PAUSED},   {"exited", DOCKER_EXITED},
	{"dead", DOCKER_DEAD},       {"restarting", DOCKER_RESTARTING},
	{"other", DOCKER_OTHER},     {"removing", DOCKER_REMOVING},
};

static inline enum docker_state state_of(const char *word)
{
	for (size_t i = 0; i < N(states); i++)
		if (strcmp(states[i].word, word) == 0)
			return states[i].state;
	fail_msg("no state %s", word);
	return DOCKER_OTHER;
}

static inline void name_of(const char *word, char ret[REPLICA_NAME_MAX])
{
	snprintf(ret, REPLICA_NAME_MAX, "%s%s", strncmp(word, "app", 3) == 0 ? "" : "app-", word);
}

static inline struct docker_container container(char *word)
{
	struct docker_container c = {.state = DOCKER_RUNNING};
	bool labelled = word[0] != '!';
	char *at = strchr(word, '@'), *colon;
	int n = 0;

	if (at != NULL)
		*at = '\0';
	colon = strchr(word, ':');
	if (colon != NULL)
		*colon = '\0';
	name_of(word + !labelled, c.name);
	enum replica_role role = replica_parse("app", c.name, &n);
	if (colon != NULL)
		c.state = state_of(colon + 1);
	c.created_sec = at != NULL ? atoi(at + 1) : n;
	snprintf(c.id, sizeof(c.id), "id-%d%s", n, labelled ? "" : "-stranger");
	c.is_target = labelled && n == 0;
	if (labelled && n > 0 && role != REPLICA_NONE)
		strcpy(c.replica_of, "app");
	return c;
}

static inline size_t parse_world(const char *text, struct docker_container ret[CONTAINERS_MAX])
{
	char copy[TEXT_MAX], *rest;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		ret[n++] = container(word);
	return n;
}

static inline const char *short_name(const char *name)
{
	return strncmp(name, "app-", 4) == 0 ? name + 4 : name;
}

static inline void print_steps(struct world *w)
{
	static const char *const words[] = {"create", "rename", "stop", "restart", "remove"};
	size_t len = 0;

	w->steps[0] = '\0';
	for (size_t i = 0; i < w->out.steps_n; i++) {
		const struct step *s = &w->out.steps[i];

		len += (size_t)snprintf(w->steps + len, sizeof(w->steps) - len, "%s%s %s%s%s",
					i > 0 ? ", " : "", words[s->kind], short_name(s->name),
					s->new_name[0] != '\0' ? ">" : "", short_name(s->new_name));
	}
}

static inline struct fleet_view view_of(const struct world *w, const struct docker_container *list,
					size_t n)
{
	return (struct fleet_view){.now_ms = w->now_ms,
				   .bus_up = !w->deaf,
				   .containers = list,
				   .containers_n = n,
				   .busy = w->busy,
				   .busy_n = w->busy_n};
}

static inline const struct fleet *observe(struct world *w, const char *text)
{
	static struct docker_container list[CONTAINERS_MAX];
	struct fleet_view v = view_of(w, list, parse_world(text, list));

	return reconcile_observe(w->r, &v);
}

/* Look; the steps as text. */
static inline const char *look(struct world *w, const char *text)
{
	struct fleet_view v = view_of(w, NULL, 0);

	observe(w, text);
	reconcile_decide(w->r, &v, &w->out);
	print_steps(w);
	return w->steps;
}

static inline const char *look_after(struct world *w, uint64_t ms, const char *text)
{
	w->now_ms += ms;
	return look(w, text);
}

static inline size_t parse_servers(const char *text, bool ids, struct message_server **ret)
{
	struct docker_container list[CONTAINERS_MAX];
	size_t n = parse_world(text, list);

	*ret = xcalloc(n, sizeof(**ret));
	for (size_t i = 0; i < n; i++) {
		memcpy((*ret)[i].name, list[i].name, sizeof(list[i].name));
		if (ids)
			memcpy((*ret)[i].id, list[i].id, sizeof(list[i].id));
	}
	return n;
}

static inline void watcher_says(struct world *w, const char *servers, const char *drained, bool ids)
{
	struct message_upstreams m = {.target = "app"};

	m.servers_n = parse_servers(servers, ids, &m.servers);
	m.drained_n = parse_servers(drained, ids, &m.drained);
	reconcile_upstreams(w->r, &m);
	message_upstreams_done(&m);
}

static inline void hear(struct world *w, const char *servers, const char *drained)
{
	watcher_says(w, servers, drained, true);
}

/* All steps of the last look are under way. */
static inline void begin_all(struct world *w)
{
	w->busy_n = w->out.steps_n;
	memcpy(w->busy, w->out.steps, w->busy_n * sizeof(w->busy[0]));
}

/* Those under way end: 0, or -errno. */
static inline void end_all(struct world *w, int err)
{
	for (size_t i = 0; i < w->busy_n; i++)
		reconcile_outcome(w->r, &w->busy[i], err, err < 0 ? "no" : "", w->now_ms, 0);
	w->busy_n = 0;
}

static inline struct world *new_world(int min, int max)
{
	struct world *w = xcalloc(1, sizeof(*w));
	const struct reconcile_config config = {
		.target = "app",
		.min_replicas = min,
		.max_replicas = max,
		.drain_timeout_ms = DRAIN_MS,
		.stop_timeout_ms = STOP_MS,
		.ready_timeout_ms = READY_MS,
	};

	w->r = reconcile_new(&config);
	w->now_ms = START_MS;
	return w;
}

static inline void free_world(struct world *w)
{
	reconcile_free(w->r);
	free(w);
}

static inline int setup(void **state)
{
	*state = new_world(1, 10);
	return 0;
}

static inline int teardown(void **state)
{
	free_world(*state);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
