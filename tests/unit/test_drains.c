/* When a leaving replica may be stopped: generations against nginx's worker processes. */
#include "tests/unit/unit.h"

#include "common/json.h"
#include "tests/unit/watcher_lists.h"
#include "watcher/drains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct message_server app = {"app", "10.0.0.3:8080", "id-app"};
static struct message_server dup_1 = {"app-dup-1", "10.0.0.4:8080", "id-app-drain-1"};
static struct message_server unknown = {"app", "10.0.0.3:8080", ""};

/* Docker lists the containers ${a} and ${b} (NULL: none). */
static void list(struct drains *d, const char *a, const char *b)
{
	const char *names[] = {a, b};
	struct docker_container containers[2];
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		if (names[i])
			containers[n++] = on_net(names[i], "10.0.0.4", DOCKER_HEALTH_NONE);
	drains_list(d, "app", containers, n);
}

static void confirmed(struct drains *d, int generation, struct message_server *server)
{
	drains_confirmed(d, generation, &(struct upstreams){server, 1});
}

/* Workers ${pids}, ended by 0; a negative one is shutting down. */
static struct drains_workers workers(const long *pids)
{
	static struct drains_worker some[8];
	struct drains_workers w = {some, 0};

	for (; pids[w.n]; w.n++)
		some[w.n] = (struct drains_worker){
			.pid = labs(pids[w.n]),
			.leaving = pids[w.n] < 0,
		};
	return w;
}

static void retire(struct drains *d, int generation, const long *pids)
{
	struct drains_workers w = workers(pids);

	drains_retire(d, generation, &w);
}

static bool look(struct drains *d, const long *pids)
{
	struct drains_workers w = workers(pids);

	return drains_look(d, &w);
}

#define PIDS(...) ((const long[]){__VA_ARGS__ __VA_OPT__(, ) 0})

static size_t done(const struct drains *d, struct message_server *ret_first)
{
	struct upstreams u = {0};
	size_t n;

	drains_done(d, &u);
	n = u.n;
	if (n > 0 && ret_first)
		*ret_first = u.servers[0];
	upstreams_free(&u);
	return n;
}

static void a_container_is_drained_when_the_old_workers_are_gone(void **state)
{
	(void)state;
	struct drains d = {0};
	struct message_server server;

	list(&d, "app", "app-drain-1");
	assert_false(drains_waiting(&d)); /* no generation without it yet */
	retire(&d, 5, PIDS(10, 11));
	confirmed(&d, 5, &app);
	assert_true(drains_waiting(&d));
	assert_false(look(&d, PIDS(10, -11, 12, 13)));
	assert_false(look(&d, PIDS(-11, 12, 13)));
	assert_int_equal(done(&d, NULL), 0);
	assert_true(look(&d, PIDS(12, 13)));
	assert_false(drains_waiting(&d));
	assert_int_equal(done(&d, &server), 1);
	assert_string_equal(server.name, "app-dup-1");
	assert_string_equal(server.id, "id-app-drain-1");
	assert_string_equal(server.address, "");
	assert_false(look(&d, PIDS(12, 13))); /* is no news */
	drains_free(&d);
}

static void a_generation_that_has_it_does_not_count(void **state)
{
	(void)state;
	struct drains d = {0};

	list(&d, "app-drain-1", NULL);
	confirmed(&d, 5, &dup_1);
	assert_false(drains_waiting(&d));
	assert_false(look(&d, PIDS(12)));
	confirmed(&d, 6, &app);
	assert_true(look(&d, PIDS(12)));
	drains_free(&d);
}

static void a_server_without_an_id_may_be_it(void **state)
{
	(void)state;
	struct drains d = {0};

	list(&d, "app-drain-0", NULL);
	confirmed(&d, 5, &unknown);
	assert_false(look(&d, PIDS(12)));
	assert_int_equal(done(&d, NULL), 0);
	drains_free(&d);
}

static void workers_of_later_reloads_do_not_hold_it_up(void **state)
{
	(void)state;
	struct drains d = {0};

	list(&d, "app-drain-1", NULL);
	retire(&d, 5, PIDS(10));
	confirmed(&d, 5, &app);
	assert_false(look(&d, PIDS(-10, 11)));
	retire(&d, 6, PIDS(-10, 11)); /* 10 stays what it was */
	confirmed(&d, 6, &app);
	assert_false(look(&d, PIDS(-10, -11, 12)));
	assert_true(look(&d, PIDS(-11, 12)));
	assert_int_equal(done(&d, NULL), 1);
	drains_free(&d);
}

static void workers_of_earlier_reloads_do(void **state)
{
	(void)state;
	struct drains d = {0};

	retire(&d, 4, PIDS(9));
	assert_false(look(&d, PIDS(-9, 10)));
	list(&d, "app-drain-1", NULL);
	retire(&d, 5, PIDS(-9, 10));
	confirmed(&d, 5, &app);
	assert_false(look(&d, PIDS(-9, 11)));
	assert_true(look(&d, PIDS(11)));
	drains_free(&d);
}

static void a_leaving_worker_that_nobody_knows_may_be_of_any_generation(void **state)
{
	(void)state;
	struct drains d = {0};

	list(&d, "app-drain-1", NULL);
	confirmed(&d, 5, &app);
	assert_false(look(&d, PIDS(-7, 12)));
	assert_false(look(&d, PIDS(-7, 12)));
	assert_true(look(&d, PIDS(12)));
	drains_free(&d);
}

static void two_leave_one_after_the_other(void **state)
{
	(void)state;
	struct drains d = {0};

	list(&d, "app-drain-1", NULL);
	retire(&d, 5, PIDS(10));
	confirmed(&d, 5, &app);
	list(&d, "app-drain-1", "app-drain-2");
	retire(&d, 6, PIDS(-10, 11));
	confirmed(&d, 6, &app);
	assert_true(look(&d, PIDS(-11, 12)));
	assert_int_equal(done(&d, NULL), 1);
	assert_true(drains_waiting(&d));
	assert_true(look(&d, PIDS(12)));
	assert_int_equal(done(&d, NULL), 2);
	drains_free(&d);
}

static void what_is_gone_or_came_back_is_forgotten(void **state)
{
	(void)state;
	struct drains d = {0};

	list(&d, "app-drain-1", "app-drain-0");
	confirmed(&d, 5, &app);
	assert_true(look(&d, PIDS(12)));
	assert_int_equal(done(&d, NULL), 2);
	list(&d, "app-drain-0", NULL);
	assert_int_equal(done(&d, NULL), 1);
	list(&d, "app", NULL);
	assert_int_equal(done(&d, NULL), 0);
	list(&d, "app-drain-0", NULL); /* again: it was in rotation in between */
	assert_int_equal(done(&d, NULL), 0);
	drains_free(&d);
}

static int decode(const char *text, struct drains_workers *ret)
{
	cJSON *json;
	int err;

	assert_int_equal(json_parse(text, strlen(text), &json), 0);
	err = drains_workers_decode(json, ret);
	cJSON_Delete(json);
	return err;
}

static void workers_are_told_from_other_processes(void **state)
{
	(void)state;
	struct drains_workers w = {0};

	assert_int_equal(decode("{\"Processes\":["
				"[\"100\",\"/sbin/docker-init -- nginx -g daemon off;\"],"
				"[\"101\",\"nginx: master process nginx -g daemon off;\"],"
				"[\"102\",\"nginx: worker process is shutting down\"],"
				"[\"103\",\"nginx: worker process\"],"
				"[\"104\",\"nginx: cache manager process\"],"
				"[\"105\",\"nginx -t\"],"
				"[\"106\"]],"
				"\"Titles\":[\"PID\",\"COMMAND\"]}",
				&w),
			 0);
	assert_int_equal(w.n, 2);
	assert_int_equal(w.list[0].pid, 102);
	assert_true(w.list[0].leaving);
	assert_int_equal(w.list[1].pid, 103);
	assert_false(w.list[1].leaving);

	/* columns in another order */
	assert_int_equal(decode("{\"Titles\":[\"COMMAND\",\"PID\"],"
				"\"Processes\":[[\"nginx: worker process\",\"7\"]]}",
				&w),
			 0);
	assert_int_equal(w.n, 1);
	assert_int_equal(w.list[0].pid, 7);
	drains_workers_free(&w);
}

static void other_answers_are_refused(void **state)
{
	(void)state;
	static const char *const others[] = {
		"{}",
		"[]",
		"{\"Titles\":[\"PID\"],\"Processes\":[]}",
		"{\"Titles\":[\"CMD\",\"COMMAND\"],\"Processes\":[]}",
		"{\"Titles\":[\"PID\",\"COMMAND\"],\"Processes\":null}",
	};
	struct drains_workers w = {0};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(decode(others[i], &w), -EBADMSG);
	assert_null(w.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_is_drained_when_the_old_workers_are_gone),
		cmocka_unit_test(a_generation_that_has_it_does_not_count),
		cmocka_unit_test(a_server_without_an_id_may_be_it),
		cmocka_unit_test(workers_of_later_reloads_do_not_hold_it_up),
		cmocka_unit_test(workers_of_earlier_reloads_do),
		cmocka_unit_test(a_leaving_worker_that_nobody_knows_may_be_of_any_generation),
		cmocka_unit_test(two_leave_one_after_the_other),
		cmocka_unit_test(what_is_gone_or_came_back_is_forgotten),
		cmocka_unit_test(workers_are_told_from_other_processes),
		cmocka_unit_test(other_answers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
