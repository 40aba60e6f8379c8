/* Which replicas are ready: every step of the table, with READY_PATH and without. */
#include "tests/unit/unit.h"

#include "tests/unit/watcher_lists.h"
#include "watcher/readiness.h"

#include <string.h>

#define LB_ADDRESS  "10.0.0.2"
#define APP_ADDRESS "10.0.0.3"
#define APP_SERVER  "10.0.0.3:8080"

/* ---- one replica through its life ---- */

enum step {
	NOTHING,
	LIST, /* running, no health check */
	LIST_STARTING,
	LIST_HEALTHY,
	LIST_UNHEALTHY,
	LIST_STOPPED,
	LIST_PAUSED,
	LIST_MOVED,
	LIST_RENAMED,
	LIST_NO_NETWORK,
	LIST_WITHOUT,
	LIST_NO_LB,
	ANSWER,
	ANSWER_ELSEWHERE,
	DIE,
	START,
	PAUSE,
	TURN_UNHEALTHY,
	RENAME,
};

/* clang-format off */
static const struct life {
	const char *what;
	bool by_path;
	enum step steps[6];
	enum readiness_state state; /* READINESS_GONE: or not in the table any more */
} lives[] = {
	/* with READY_PATH */
	{"a new replica has to answer", true, {LIST}, READINESS_KNOCKING},
	{"and is ready when it did", true, {LIST, ANSWER}, READINESS_READY},
	{"Docker's healthy is not enough", true, {LIST_HEALTHY}, READINESS_KNOCKING},
	{"Docker's starting is no obstacle", true, {LIST_STARTING, ANSWER}, READINESS_READY},
	{"ready sticks", true, {LIST, ANSWER, LIST, LIST}, READINESS_READY},
	{"ready sticks through a first check", true,
	 {LIST_STARTING, ANSWER, LIST_HEALTHY}, READINESS_READY},
	{"an answer from another address is none", true,
	 {LIST, ANSWER_ELSEWHERE}, READINESS_KNOCKING},
	{"nothing is known before the first list", true, {ANSWER}, READINESS_GONE},
	{"unhealthy is not ready", true, {LIST, ANSWER, LIST_UNHEALTHY}, READINESS_SICK},
	{"unhealthy from the start", true, {LIST_UNHEALTHY}, READINESS_SICK},
	{"unhealthy while it is asked", true, {LIST, LIST_UNHEALTHY}, READINESS_SICK},
	{"an answer does not heal", true, {LIST_UNHEALTHY, ANSWER}, READINESS_SICK},
	{"healed, it has to answer again", true,
	 {LIST, ANSWER, LIST_UNHEALTHY, LIST_HEALTHY}, READINESS_KNOCKING},
	{"and is ready again", true, {LIST, LIST_UNHEALTHY, LIST_HEALTHY, ANSWER}, READINESS_READY},
	{"sick and stopped", true, {LIST_UNHEALTHY, LIST_STOPPED}, READINESS_GONE},
	{"stopped", true, {LIST, ANSWER, LIST_STOPPED}, READINESS_GONE},
	{"stopped while it is asked", true, {LIST, LIST_STOPPED}, READINESS_GONE},
	{"started again", true, {LIST, ANSWER, LIST_STOPPED, LIST}, READINESS_KNOCKING},
	{"paused", true, {LIST, ANSWER, LIST_PAUSED}, READINESS_GONE},
	{"another address is another process", true,
	 {LIST, ANSWER, LIST_MOVED}, READINESS_KNOCKING},
	{"on its way out", true, {LIST, ANSWER, LIST_RENAMED}, READINESS_GONE},
	{"off the network", true, {LIST, ANSWER, LIST_NO_NETWORK}, READINESS_GONE},
	{"removed", true, {LIST, ANSWER, LIST_WITHOUT}, READINESS_GONE},
	{"no load balancer", true, {LIST, ANSWER, LIST_NO_LB}, READINESS_GONE},
	{"a death is known before it is listed", true, {LIST, ANSWER, DIE}, READINESS_GONE},
	{"a list from before the death does not revive", true,
	 {LIST, ANSWER, DIE, LIST}, READINESS_KNOCKING},
	{"nor does an answer", true, {LIST, ANSWER, DIE, ANSWER}, READINESS_GONE},
	{"died while it was asked", true, {LIST, DIE, ANSWER}, READINESS_GONE},
	{"a start is a new process", true, {LIST, ANSWER, START, LIST}, READINESS_KNOCKING},
	{"a pause is known at once", true, {LIST, ANSWER, PAUSE}, READINESS_GONE},
	{"so is bad health", true, {LIST_HEALTHY, ANSWER, TURN_UNHEALTHY}, READINESS_SICK},
	{"a rename alone changes nothing before the list", true,
	 {LIST, ANSWER, RENAME}, READINESS_READY},
	{"a health check that begins anew: a restart that was missed", true,
	 {LIST_HEALTHY, ANSWER, LIST_STARTING}, READINESS_KNOCKING},

	/* without it */
	{"no health check: a connection", false, {LIST}, READINESS_KNOCKING},
	{"that was accepted", false, {LIST, ANSWER}, READINESS_READY},
	{"and sticks", false, {LIST, ANSWER, LIST}, READINESS_READY},
	{"starting: wait for Docker", false, {LIST_STARTING}, READINESS_WAITING},
	{"a connection is not enough then", false, {LIST_STARTING, ANSWER}, READINESS_WAITING},
	{"healthy is ready", false, {LIST_STARTING, LIST_HEALTHY}, READINESS_READY},
	{"healthy at first sight", false, {LIST_HEALTHY}, READINESS_READY},
	{"unhealthy is not", false, {LIST_HEALTHY, LIST_UNHEALTHY}, READINESS_SICK},
	{"unhealthy after starting", false, {LIST_STARTING, LIST_UNHEALTHY}, READINESS_SICK},
	{"an answer does not heal", false, {LIST_UNHEALTHY, ANSWER}, READINESS_SICK},
	{"Docker does", false, {LIST_UNHEALTHY, LIST_HEALTHY}, READINESS_READY},
	{"starting again", false, {LIST_HEALTHY, LIST_STARTING}, READINESS_WAITING},
	{"sick, restarted", false, {LIST_UNHEALTHY, DIE, LIST_STARTING}, READINESS_WAITING},
	{"stopped", false, {LIST_HEALTHY, LIST_STOPPED}, READINESS_GONE},
	{"stopped while waiting", false, {LIST_STARTING, LIST_STOPPED}, READINESS_GONE},
	{"another address", false, {LIST, ANSWER, LIST_MOVED}, READINESS_KNOCKING},
	{"a death is known at once", false, {LIST_HEALTHY, DIE}, READINESS_GONE},
	{"no check any more", false, {LIST_STARTING, LIST}, READINESS_KNOCKING},
};
/* clang-format on */

static void list_step(struct readiness *r, enum step step)
{
	static const enum docker_health healths[] = {
		[LIST_STARTING] = DOCKER_HEALTH_STARTING,
		[LIST_HEALTHY] = DOCKER_HEALTHY,
		[LIST_UNHEALTHY] = DOCKER_UNHEALTHY,
		[LIST_NO_LB] = DOCKER_HEALTH_NONE,
	};
	struct docker_container list[] = {
		on_net("lb", LB_ADDRESS, DOCKER_HEALTH_NONE),
		on_net("app", APP_ADDRESS, healths[step]),
	};

	if (step == LIST_STOPPED)
		list[1].state = DOCKER_EXITED;
	if (step == LIST_PAUSED)
		list[1].state = DOCKER_PAUSED;
	if (step == LIST_MOVED)
		strcpy(list[1].networks[0].address, "10.0.0.9");
	if (step == LIST_RENAMED)
		strcpy(list[1].name, "app-drain-0");
	if (step == LIST_NO_NETWORK)
		list[1].networks_n = 0;
	readiness_list(r, list, step == LIST_WITHOUT ? 1 : 2, step == LIST_NO_LB ? NULL : &list[0]);
}

static void take_step(struct readiness *r, enum step step)
{
	static const char *const events[] = {
		[DIE] = "die",       [START] = "start",
		[PAUSE] = "pause",   [TURN_UNHEALTHY] = "health_status: unhealthy",
		[RENAME] = "rename",
	};
	struct docker_event event = {.id = "id-app", .name = "app"};

	if (step == ANSWER) {
		readiness_answered(r, "id-app", APP_SERVER);
	} else if (step == ANSWER_ELSEWHERE) {
		readiness_answered(r, "id-app", "10.0.0.9:8080");
	} else if (step >= DIE) {
		strcpy(event.action, events[step]);
		readiness_event(r, "lb", &event);
	} else {
		list_step(r, step);
	}
}

static void every_life_ends_as_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		const struct life *life = &lives[i];
		enum readiness_state now = READINESS_GONE;
		struct readiness r;

		readiness_init(&r, "app", life->by_path, 8080);
		for (size_t s = 0; s < 6 && life->steps[s] != NOTHING; s++)
			take_step(&r, life->steps[s]);
		if (r.n > 0)
			now = r.replicas[0].state;
		if (now != life->state)
			fail_msg("%s (READY_PATH %s): state %d, not %d", life->what,
				 life->by_path ? "set" : "unset", (int)now, (int)life->state);
		readiness_free(&r);
	}
}

/* ---- who is a candidate, and where ---- */

static void only_the_template_and_its_replicas_in_order(void **state)
{
	(void)state;
	struct docker_container list[] = {
		on_net("app-dup-10", "10.0.0.10", DOCKER_HEALTHY),
		on_net("app-dup-2", "10.0.0.4", DOCKER_HEALTHY),
		on_net("lb", LB_ADDRESS, DOCKER_HEALTHY),
		on_net("app-drain-1", "10.0.0.5", DOCKER_HEALTHY),
		on_net("app", APP_ADDRESS, DOCKER_HEALTHY),
		on_net("application", "10.0.0.6", DOCKER_HEALTHY),
		on_net("app-dup-02", "10.0.0.7", DOCKER_HEALTHY),
		on_net("my-app", "10.0.0.8", DOCKER_HEALTHY),
	};
	struct readiness r;

	readiness_init(&r, "app", false, 80);
	readiness_list(&r, list, sizeof(list) / sizeof(list[0]), &list[2]);
	assert_int_equal(r.n, 3);
	assert_string_equal(r.replicas[0].server.name, "app");
	assert_string_equal(r.replicas[0].server.address, "10.0.0.3:80");
	assert_string_equal(r.replicas[0].server.id, "id-app");
	assert_string_equal(r.replicas[1].server.name, "app-dup-2");
	assert_string_equal(r.replicas[2].server.name, "app-dup-10");
	readiness_free(&r);
}

static void a_renamed_replica_keeps_its_state(void **state)
{
	(void)state;
	struct docker_container list[] = {
		on_net("lb", LB_ADDRESS, DOCKER_HEALTH_NONE),
		on_net("app-dup-2", APP_ADDRESS, DOCKER_HEALTH_NONE),
	};
	struct readiness r;

	readiness_init(&r, "app", true, 8080);
	readiness_list(&r, list, 2, &list[0]);
	readiness_answered(&r, "id-app-dup-2", APP_SERVER);
	strcpy(list[1].name, "app-dup-3");
	readiness_list(&r, list, 2, &list[0]);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.replicas[0].server.name, "app-dup-3");
	assert_int_equal(r.replicas[0].state, READINESS_READY);
	readiness_free(&r);
}

static void there_is_an_end_to_them(void **state)
{
	(void)state;
	static struct docker_container list[MESSAGE_SERVERS_MAX + 10];
	struct docker_container lb = on_net("lb", LB_ADDRESS, DOCKER_HEALTH_NONE);
	size_t n = sizeof(list) / sizeof(list[0]);
	struct readiness r;

	for (size_t i = 0; i < n; i++) {
		char name[32];

		snprintf(name, sizeof(name), "app-dup-%zu", i + 1);
		list[i] = on_net(name, APP_ADDRESS, DOCKER_HEALTHY);
	}
	readiness_init(&r, "app", false, 8080);
	readiness_list(&r, list, n, &lb);
	assert_int_equal(r.n, MESSAGE_SERVERS_MAX);
	readiness_list(&r, list + 5, 1, &lb);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.replicas[0].server.name, "app-dup-6");
	readiness_free(&r);
}

static void the_address_is_one_that_the_lb_reaches(void **state)
{
	(void)state;
	static const struct {
		const char *lb[2];
		struct docker_network of[3];
		const char *expect; /* NULL: none */
	} cases[] = {
		{{"a"}, {{"a", "10.1.0.5"}}, "10.1.0.5:8080"},
		{{"b"}, {{"a", "10.1.0.5"}, {"b", "10.2.0.5"}}, "10.2.0.5:8080"},
		{{"a", "b"}, {{"a", "10.1.0.5"}, {"b", "10.2.0.5"}}, "10.1.0.5:8080"},
		{{"a", "b"}, {{"a", ""}, {"b", "10.2.0.5"}}, "10.2.0.5:8080"},
		{{"a"}, {{"b", "10.2.0.5"}}, NULL},
		{{"a"}, {{"a", ""}}, NULL},
		{{"a"}, {{"a", "fd00::5"}}, "[fd00::5]:8080"},
		{{"host"}, {{"c", "10.3.0.5"}}, "10.3.0.5:8080"},
		{{NULL}, {{"a", "10.1.0.5"}}, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct docker_container lb = {0}, c = {0};
		char address[READINESS_ADDRESS_MAX] = "";

		for (size_t j = 0; j < 2 && cases[i].lb[j]; j++)
			strcpy(lb.networks[lb.networks_n++].name, cases[i].lb[j]);
		for (size_t j = 0; j < 3 && cases[i].of[j].name[0]; j++)
			c.networks[c.networks_n++] = cases[i].of[j];
		assert_int_equal(readiness_address(&c, &lb, 8080, address),
				 cases[i].expect != NULL);
		assert_string_equal(address, cases[i].expect ? cases[i].expect : "");
	}
}

/* ---- events ---- */

static void events_of_others_are_ignored(void **state)
{
	(void)state;
	static const struct {
		const char *action, *id, *name;
		enum readiness_interest expect;
	} cases[] = {
		{"die", "id-app", "app", READINESS_HURRY},
		{"pause", "id-app", "app", READINESS_HURRY},
		{"health_status: unhealthy", "id-app", "app", READINESS_HURRY},
		{"health_status: healthy", "id-app", "app", READINESS_LOOK},
		{"rename", "id-app", "elsewhere", READINESS_LOOK},
		{"rename", "id-x", "app-drain-3", READINESS_LOOK},
		{"create", "id-new", "app-dup-4", READINESS_LOOK},
		{"die", "id-other", "redis", READINESS_IGNORE},
		{"start", "id-other", "application", READINESS_IGNORE},
		{"die", "id-lb", "lb", READINESS_LOOK},
	};
	struct readiness r;

	readiness_init(&r, "app", false, 8080);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct docker_event event = {0};

		list_step(&r, LIST);
		strcpy(event.action, cases[i].action);
		strcpy(event.id, cases[i].id);
		strcpy(event.name, cases[i].name);
		assert_int_equal(readiness_event(&r, "lb", &event), cases[i].expect);
	}
	readiness_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_life_ends_as_it_should),
		cmocka_unit_test(only_the_template_and_its_replicas_in_order),
		cmocka_unit_test(a_renamed_replica_keeps_its_state),
		cmocka_unit_test(there_is_an_end_to_them),
		cmocka_unit_test(the_address_is_one_that_the_lb_reaches),
		cmocka_unit_test(events_of_others_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
