/* Shell. Unit tests of replay/tune. */
#include "replay/tune.h"

#include "common/json.h"
#include "planner/config.h"
#include "tests/unit/default_policy.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define RUNS 2

static struct sim_measures measured(double over, double cost)
{
	return (struct sim_measures){.psi_w = over, .cost = cost, .adaptations_per_hour = 6};
}

/* One round, all choices: the dearer the fewer misses, but for the last, which is worse in both. */
static void run_round(struct tune *t, size_t choices)
{
	size_t n = tune_choices(t);

	for (size_t i = 0; i < choices; i++) {
		double share = (double)i / (double)n;
		struct sim_measures m =
			i + 1 < n ? measured(0.1 * (1 - share), 1 + share) : measured(0.2, 3);
		for (int run = 0; run < RUNS; run++)
			tune_add(t, i, &m);
	}
}

static const struct setting *setting_of(const char *name)
{
	const struct setting *s = planner_settings;

	while (s->name != NULL && strcmp(s->name, name) != 0)
		s++;
	return s;
}

static void every_knob_is_a_setting_of_the_planner_within_its_range(void **state)
{
	(void)state;
	for (size_t k = 0; k < TUNE_KNOBS; k++) {
		const struct tune_knob *knob = &tune_knobs[k];
		const struct setting *s = setting_of(knob->name);
		bool has_default = false;

		assert_non_null(s->name);
		assert_int_equal(s->offset, offsetof(struct planner_config, policy) + knob->offset);
		assert_int_equal(s->type, knob->whole ? SETTING_INT : SETTING_NUM);
		assert_true(knob->values_n >= 2 && knob->values_n < TUNE_VALUES_MAX);
		for (size_t i = 0; i < knob->values_n; i++) {
			assert_true(knob->values[i] >= s->min && knob->values[i] <= s->max);
			has_default |= knob->values[i] == strtod(s->def, NULL);
		}
		assert_true(has_default);
	}
}

static bool same_settings(const struct policy_config *a, const struct policy_config *b)
{
	return a->utilisation_max == b->utilisation_max && a->down_hold_sec == b->down_hold_sec &&
	       a->down_margin == b->down_margin && a->flap_budget == b->flap_budget;
}

static void choices_are_all_different_the_present_one_first(void **state)
{
	struct policy_config present = default_policy("adaptive");
	struct policy_config configs[TUNE_CHOICES_MAX];
	struct tune *t;
	size_t n;

	(void)state;
	present.down_hold_sec = 33; /* none of the table's values */
	present.flap_budget = 7;
	t = tune_new(&present);
	n = tune_choices(t);
	assert_int_equal(n, 3 * 4 * 3 * 3);
	for (size_t i = 0; i < n; i++) {
		configs[i] = present;
		tune_set(t, i, &configs[i]);
		assert_double_near(configs[i].load_long_sec, present.load_long_sec);
		for (size_t k = 0; k < i; k++)
			assert_false(same_settings(&configs[i], &configs[k]));
	}
	assert_true(same_settings(&configs[0], &present));
	tune_free(t);
}

static struct tune *tune_of_defaults(void)
{
	struct policy_config present = default_policy("adaptive");

	return tune_new(&present);
}

static double number(const cJSON *o, const char *name)
{
	double value = NAN;

	json_get_num(o, name, &value);
	return value;
}

static void rounds_add_up(void **state)
{
	struct tune *t = tune_of_defaults();
	size_t n = tune_choices(t);
	cJSON *json;
	const cJSON *first;

	(void)state;
	assert_int_equal(tune_compared(t), 0);
	run_round(t, n);
	assert_int_equal(tune_compared(t), 0);
	tune_end_round(t, RUNS);
	assert_int_equal(tune_compared(t), n);
	for (size_t i = 0; i < n; i++)
		for (int run = 0; run < RUNS; run++)
			tune_add(t, i, &(struct sim_measures){.psi_w = 0.3, .cost = 2});
	tune_end_round(t, RUNS);

	json = tune_json(t);
	assert_int_equal(cJSON_GetArraySize(json), n);
	first = cJSON_GetArrayItem(json, 0); /* the cheapest */
	assert_true(cJSON_IsTrue(json_get(first, "present")));
	assert_double_near(number(first, "runs"), 2 * RUNS);
	assert_double_near(number(json_get(first, "mean"), "psi_w"), 0.2);
	assert_double_near(number(json_get(first, "mean"), "cost"), 1.5);
	assert_double_near(number(json_get(first, "worst"), "psi_w"), 0.3);
	assert_double_near(number(json_get(first, "worst"), "cost"), 2);
	assert_double_near(number(first, "changes"), 3);
	cJSON_Delete(json);
	tune_free(t);
}

static void of_a_first_round_that_was_stopped_what_is_whole_counts(void **state)
{
	struct tune *t = tune_of_defaults();

	(void)state;
	run_round(t, 5);
	tune_add(t, 5, &(struct sim_measures){.psi_w = 0, .cost = 0.5}); /* one of two */
	tune_end_round(t, RUNS);
	assert_int_equal(tune_compared(t), 5);
	tune_free(t);
}

static void a_later_round_that_was_stopped_does_not_count(void **state)
{
	struct tune *t = tune_of_defaults();
	cJSON *json;

	(void)state;
	run_round(t, tune_choices(t));
	tune_end_round(t, RUNS);
	for (int run = 0; run < RUNS; run++)
		tune_add(t, 0, &(struct sim_measures){.psi_w = 1, .cost = 9});
	tune_end_round(t, RUNS);
	json = tune_json(t);
	assert_double_near(number(cJSON_GetArrayItem(json, 0), "runs"), RUNS);
	assert_double_near(number(json_get(cJSON_GetArrayItem(json, 0), "worst"), "cost"), 1);
	cJSON_Delete(json);
	tune_free(t);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

static void what_is_told_has_the_front_and_the_present(void **state)
{
	struct tune *t = tune_of_defaults();
	size_t n = tune_choices(t);
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	run_round(t, n);
	tune_end_round(t, RUNS);

	tune_table(t, &out);
	assert_int_equal(count(buf_text(&out), " * "), n - 1); /* all but the last */
	assert_int_equal(count(buf_text(&out), "\n now * "), 1);
	assert_int_equal(count(buf_text(&out), "\n   2 * "), 1);
	for (char *line = strtok(out.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 100);

	buf_clear(&out);
	tune_csv(t, &out);
	assert_int_equal(count(buf_text(&out), "\n"), n + 1);
	assert_int_equal(count(buf_text(&out), "\n1,1,0.98,30,0.1,4,2,0.1,0.1,1,1,6\n"), 1);

	buf_clear(&out);
	tune_svg(t, "tuned", &out);
	assert_int_equal(count(buf_text(&out), "<circle class=\"front\""), n - 1);
	assert_int_equal(count(buf_text(&out), "<circle class=\"behind\""), 1);
	assert_int_equal(count(buf_text(&out), ">now<"), 1);
	buf_free(&out);
	tune_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_knob_is_a_setting_of_the_planner_within_its_range),
		cmocka_unit_test(choices_are_all_different_the_present_one_first),
		cmocka_unit_test(rounds_add_up),
		cmocka_unit_test(of_a_first_round_that_was_stopped_what_is_whole_counts),
		cmocka_unit_test(a_later_round_that_was_stopped_does_not_count),
		cmocka_unit_test(what_is_told_has_the_front_and_the_present),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
