/* Wiring. Every policy, every seed, one after the other; then a table, and a picture if wanted. */
#include "replay/simulate.h"

#include "common/mem.h"
#include "replay/output.h"
#include "replay/picture.h"
#include "replay/progress.h"
#include "replay/render.h"
#include "replay/scenario.h"
#include "replay/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES_BYTES_MAX 16384

/* Without --policy: all that need no number. */
static const char *const ALL[] = {"adaptive", "classic", "hpa", "kpa", "aws", "step", "oracle"};
#define ALL_N (sizeof(ALL) / sizeof(ALL[0]))

/* Pictures are of the policies that were named, else of this one. */
static const char SHOWN[] = "adaptive";

struct contestant {
	const char *name;
	const struct controller *controller;
	int fixed;
	struct sim_measures *runs; /* one a seed */
	struct picture *picture;   /* of the first; NULL: none is wanted */
};

struct simulation {
	const struct replay_options *options;
	struct planner_config settings;
	struct trace *trace;
	struct scenario scenario;
	struct contestant contestants[REPLAY_LIST_MAX];
	size_t contestants_n;
};

/* --- who runs --- */

static int find(const char *name, struct contestant *ret, struct buf *errors)
{
	*ret = (struct contestant){.name = name};
	ret->controller = controller_find(name, &ret->fixed);
	if (ret->controller)
		return 0;
	buf_printf(errors, "--policy %.40s: must be one of " CONTROLLER_NAMES "\n", name);
	return -EINVAL;
}

static int enter(struct simulation *s, struct buf *errors)
{
	const struct replay_list *named = &s->options->policies;
	const char *const *names = named->n > 0 ? named->items : ALL;
	size_t n = named->n > 0 ? named->n : ALL_N;

	for (size_t i = 0; i < n; i++) {
		struct contestant *c = &s->contestants[i];
		if (find(names[i], c, errors))
			return -EINVAL;
		c->runs = xcalloc((size_t)s->options->seeds, sizeof(*c->runs));
		if (s->options->svg && (named->n > 0 || !strcmp(names[i], SHOWN)))
			c->picture = xcalloc(1, sizeof(*c->picture));
		s->contestants_n++;
	}
	return 0;
}

static void leave(struct simulation *s)
{
	for (size_t i = 0; i < s->contestants_n; i++) {
		free(s->contestants[i].runs);
		free(s->contestants[i].picture);
	}
}

/* --- the runs --- */

#define CHECK_WINDOWS 1024 /* between looks at the clock */

struct course { /* of one run */
	struct progress *progress;
	double done_sec; /* of all runs before it */
	struct picture *picture;
	unsigned windows;
};

static bool each_window(void *cookie, const struct sim_sample *sample)
{
	struct course *c = cookie;

	if (c->picture)
		picture_add(c->picture, sample);
	if (++c->windows % CHECK_WINDOWS == 0)
		progress_update(c->progress, c->done_sec + sample->sec);
	return true;
}

static void run(const struct simulation *s, struct contestant *c, int seed, struct course *course)
{
	struct trace_pass *pass = trace_pass_begin(s->trace);

	course->picture = seed == 0 ? c->picture : NULL;
	if (course->picture)
		picture_init(course->picture, c->name, s->scenario.config.span_sec);
	c->runs[seed] = scenario_run(&s->scenario, c->controller, c->fixed, (uint64_t)seed + 1,
				     trace_pass_next, pass, each_window, course);
	trace_pass_end(pass);
	course->done_sec += s->scenario.config.span_sec;
}

static void run_all(struct simulation *s)
{
	double runs = (double)s->contestants_n * s->options->seeds;
	struct progress progress;
	struct course course = {.progress = &progress};

	progress_begin(&progress, runs * s->scenario.config.span_sec);
	for (size_t i = 0; i < s->contestants_n; i++)
		for (int seed = 0; seed < s->options->seeds; seed++)
			run(s, &s->contestants[i], seed, &course);
	progress_end(&progress);
}

/* --- what came out --- */

static void render(const struct simulation *s, const struct render_row *rows, struct buf *out)
{
	const struct trace_shape *shape = trace_shape(s->trace);
	const char *name = trace_name(s->trace);

	if (s->options->csv) {
		render_csv(rows, s->contestants_n, out);
	} else if (s->options->json) {
		cJSON *o = scenario_json(&s->scenario, shape, name, s->options->seeds);
		cJSON_AddItemToObject(o, "policies", render_json(rows, s->contestants_n));
		output_add_json(o, out);
	} else {
		scenario_tell(&s->scenario, shape, name, s->options->seeds, out);
		buf_puts(out, "\n");
		render_table(rows, s->contestants_n, out);
	}
}

static int save_picture(const struct simulation *s, const struct render_row *rows, struct buf *text)
{
	const struct picture *pictures[REPLAY_LIST_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s->contestants_n; i++)
		if (s->contestants[i].picture)
			pictures[n++] = s->contestants[i].picture;

	struct buf title;
	buf_init(&title, MESSAGES_BYTES_MAX);
	buf_printf(&title, "%s\n", trace_name(s->trace));
	scenario_summary(&s->scenario, s->options->seeds, &title);
	render_svg(buf_text(&title), pictures, n, rows, s->contestants_n, text);
	buf_free(&title);
	return output_save(s->options->svg, text);
}

static int report(const struct simulation *s)
{
	struct render_row rows[REPLAY_LIST_MAX];
	struct buf text;
	int err;

	for (size_t i = 0; i < s->contestants_n; i++)
		rows[i] = (struct render_row){.name = s->contestants[i].name,
					      .runs = s->contestants[i].runs,
					      .runs_n = (size_t)s->options->seeds};
	buf_init(&text, RENDER_BYTES_MAX);
	render(s, rows, &text);
	err = output_print(&text);
	buf_clear(&text);
	if (err == 0 && s->options->svg)
		err = save_picture(s, rows, &text);
	buf_free(&text);
	return err;
}

/* --- all of it --- */

static int race(struct simulation *s, struct buf *messages)
{
	const struct replay_options *o = s->options;

	int r = trace_open(o->files[0], o->smooth_sec, &s->trace, messages);
	fputs(buf_text(messages), stderr);
	buf_clear(messages);
	if (r < 0)
		return REPLAY_FAILED;
	if (scenario_make(o, &s->settings, trace_shape(s->trace), &s->scenario, messages) < 0)
		return REPLAY_FAILED;
	run_all(s);
	return report(s) < 0 ? REPLAY_FAILED : REPLAY_OK;
}

int simulate_run(const struct replay_options *options)
{
	struct simulation s = {.options = options};
	struct buf messages;
	int status = REPLAY_BAD_USAGE;

	buf_init(&messages, MESSAGES_BYTES_MAX);
	if (options->files_n == 0)
		buf_puts(&messages, "needs a trace: a FILE, or - for standard input\n");
	if (replay_options_settings(options, &s.settings, &messages) == 0 &&
	    enter(&s, &messages) == 0 && options->files_n > 0)
		status = race(&s, &messages);
	fputs(buf_text(&messages), stderr);

	trace_close(s.trace);
	leave(&s);
	settings_free(planner_settings, &s.settings);
	buf_free(&messages);
	return status;
}
