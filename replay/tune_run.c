/* Wiring. The sweep: round by round, each a seed, every choice on every trace. */
#include "replay/tune_run.h"

#include "common/json.h"
#include "common/mem.h"
#include "replay/output.h"
#include "replay/progress.h"
#include "replay/render.h"
#include "replay/scenario.h"
#include "replay/trace.h"
#include "replay/tune.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGES_BYTES_MAX ((size_t)64 << 10)
#define CHECK_WINDOWS      1024 /* between looks at the clock */

struct sweep {
	const struct replay_options *options;
	struct planner_config settings;
	struct trace *traces[REPLAY_FILES_MAX];
	struct scenario scenarios[REPLAY_FILES_MAX];
	struct tune *tune;
	struct progress progress;
	double done_sec; /* of all traces, in virtual time */
	unsigned windows;
	int rounds; /* whole ones */
};

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* The second one kills, should telling take too long. */
static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- runs ---- */

static bool each_window(void *cookie, const struct sim_sample *sample)
{
	struct sweep *s = cookie;

	if (++s->windows % CHECK_WINDOWS == 0)
		progress_update(&s->progress, s->done_sec + sample->sec);
	return !stopped;
}

static void run(struct sweep *s, size_t choice, size_t trace, int seed)
{
	struct scenario scenario = s->scenarios[trace];
	struct trace_pass *pass = trace_pass_begin(s->traces[trace]);
	struct sim_measures measures;

	tune_set(s->tune, choice, &scenario.config.policy);
	measures = scenario_run(&scenario, &controller_adaptive, 0, (uint64_t)seed + 1,
				trace_pass_next, pass, each_window, s);
	trace_pass_end(pass);
	if (!stopped)
		tune_add(s->tune, choice, &measures);
	s->done_sec += scenario.config.span_sec;
}

static void sweep_round(struct sweep *s, int seed)
{
	for (size_t choice = 0; choice < tune_choices(s->tune) && !stopped; choice++)
		for (size_t trace = 0; trace < s->options->files_n && !stopped; trace++)
			run(s, choice, trace, seed);
	tune_end_round(s->tune, s->options->files_n);
	s->rounds += !stopped;
}

static void sweep(struct sweep *s)
{
	double total_sec = 0;

	for (size_t i = 0; i < s->options->files_n; i++)
		total_sec += s->scenarios[i].config.span_sec;
	total_sec *= (double)tune_choices(s->tune) * s->options->seeds;

	catch_signals();
	progress_begin(&s->progress, total_sec);
	for (int seed = 0; seed < s->options->seeds && !stopped; seed++)
		sweep_round(s, seed);
	progress_end(&s->progress);
}

/* ---- what it came to ---- */

static void tell_json(const struct sweep *s, struct buf *out)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *traces = cJSON_AddArrayToObject(root, "traces");

	for (size_t i = 0; i < s->options->files_n; i++)
		cJSON_AddItemToArray(traces,
				     scenario_json(&s->scenarios[i], trace_shape(s->traces[i]),
						   trace_name(s->traces[i]), s->options->seeds));
	cJSON_AddBoolToObject(root, "complete", s->rounds == s->options->seeds);
	cJSON_AddItemToObject(root, "choices", tune_json(s->tune));
	output_add_json(root, out);
}

static void tell_text(const struct sweep *s, struct buf *out)
{
	for (size_t i = 0; i < s->options->files_n; i++)
		scenario_tell(&s->scenarios[i], trace_shape(s->traces[i]), trace_name(s->traces[i]),
			      s->options->seeds, out);
	buf_puts(out, "\n");
	tune_table(s->tune, out);
}

static int report(const struct sweep *s)
{
	const struct replay_options *o = s->options;
	struct buf text;
	int err;

	if (s->rounds < o->seeds)
		fprintf(stderr, "stopped: %zu of %zu choices were run, %d of %d seeds with all\n",
			tune_compared(s->tune), tune_choices(s->tune), s->rounds, o->seeds);
	if (tune_compared(s->tune) == 0)
		return REPLAY_FAILED;
	buf_init(&text, RENDER_BYTES_MAX);
	if (o->csv)
		tune_csv(s->tune, &text);
	else if (o->json)
		tell_json(s, &text);
	else
		tell_text(s, &text);
	err = output_print(&text);
	if (err == 0 && o->svg != NULL) {
		buf_clear(&text);
		tune_svg(s->tune, trace_name(s->traces[0]), &text);
		err = output_save(o->svg, &text);
	}
	buf_free(&text);
	return err == 0 ? REPLAY_OK : REPLAY_FAILED;
}

/* ---- all of it ---- */

static int open_traces(struct sweep *s, struct buf *messages)
{
	const struct replay_options *o = s->options;

	for (size_t i = 0; i < o->files_n; i++)
		if (trace_open(o->files[i], o->smooth_sec, &s->traces[i], messages) != 0 ||
		    scenario_make(o, &s->settings, trace_shape(s->traces[i]), &s->scenarios[i],
				  messages) != 0)
			return REPLAY_FAILED;
	return REPLAY_OK;
}

static int begin(struct sweep *s, struct buf *messages)
{
	if (s->options->files_n == 0)
		buf_puts(messages, "needs a trace: a FILE, or - for standard input\n");
	replay_options_settings(s->options, &s->settings, messages);
	return messages->len > 0 ? REPLAY_BAD_USAGE : open_traces(s, messages);
}

int tune_run(const struct replay_options *options)
{
	struct sweep *s = xcalloc(1, sizeof(*s));
	struct buf messages;
	int status;

	s->options = options;
	buf_init(&messages, MESSAGES_BYTES_MAX);
	status = begin(s, &messages);
	fputs(buf_text(&messages), stderr);
	if (status == REPLAY_OK) {
		s->tune = tune_new(&s->settings.policy);
		sweep(s);
		status = report(s);
		tune_free(s->tune);
	}
	for (size_t i = 0; i < options->files_n; i++)
		trace_close(s->traces[i]);
	settings_free(planner_settings, &s->settings);
	buf_free(&messages);
	free(s);
	return status;
}
