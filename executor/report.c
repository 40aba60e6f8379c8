/* Pure. Steps in, sentences out. */
#include "executor/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add_name(struct report_names *names, const char *name)
{
	size_t len = strlen(names->text), room = sizeof(names->text) - len;

	if (strlen(name) + sizeof(", ") > room) {
		names->more++;
		return;
	}
	snprintf(names->text + len, room, "%s%s", len > 0 ? ", " : "", name);
}

static const char *const failed_words[STEP_KINDS] = {
	[STEP_CREATE] = "could not start",  [STEP_RENAME] = "could not rename",
	[STEP_STOP] = "could not stop",     [STEP_RESTART] = "could not restart",
	[STEP_REMOVE] = "could not remove",
};

void report_step(struct report *r, const char *target, const struct step *s, int err,
		 const char *error)
{
	char name[REPLICA_NAME_MAX]; /* the one it had while it served */

	replica_format(target, s->n > 0 ? REPLICA_DUP : REPLICA_TEMPLATE, s->n, name);
	if (err < 0 && r->error[0] == '\0')
		snprintf(r->error, sizeof(r->error), "%s %s: %s", failed_words[s->kind], name,
			 error);
	if (err < 0)
		return;
	if (s->kind == STEP_CREATE)
		add_name(&r->started, name);
	else if (s->kind == STEP_REMOVE)
		add_name(&r->removed, name);
}

/* One more sentence part, set off by "; ". */
__attribute__((format(printf, 3, 4))) static void say(char *text, size_t size, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list args;

	if (len > 0) {
		snprintf(text + len, size - len, "; ");
		len = strlen(text);
	}
	va_start(args, fmt);
	vsnprintf(text + len, size - len, fmt, args);
	va_end(args);
}

static void say_names(char *text, size_t size, const char *verb, const struct report_names *names)
{
	if (names->text[0] == '\0')
		return;
	if (names->more > 0)
		say(text, size, "%s %s and %d more", verb, names->text, names->more);
	else
		say(text, size, "%s %s", verb, names->text);
}

static bool did_something(const struct report *r)
{
	return r->started.text[0] != '\0' || r->removed.text[0] != '\0' || r->error[0] != '\0';
}

static void fill(const struct report *r, const struct report_now *now, enum message_status status,
		 struct message_result *ret)
{
	*ret = (struct message_result){
		.action = r->action,
		.status = status,
		.replicas_before = r->before,
		.replicas_after = now->running,
		.wanted = r->wanted,
		.duration_ms = (double)(now->now_ms - r->began_ms),
	};
	memcpy(ret->id, r->id, sizeof(ret->id));
	memcpy(ret->reason, r->reason, sizeof(ret->reason));
	say_names(ret->message, sizeof(ret->message), "started", &r->started);
	say_names(ret->message, sizeof(ret->message), "removed", &r->removed);
}

static bool reached(const struct report *r, const struct report_now *now)
{
	if (now->settled)
		return true;
	if (r->own)
		return false;
	/* More were asked for: those on their way out do not matter. */
	if (r->before < r->wanted)
		return now->running >= r->wanted;
	return now->running <= r->wanted && now->leaving == 0 && now->busy == 0;
}

static void tell_success(const struct report *r, const struct report_now *now,
			 struct message_result *ret)
{
	fill(r, now, did_something(r) ? STATUS_OK : STATUS_NOOP, ret);
	if (!did_something(r))
		say(ret->message, sizeof(ret->message), "already at %d replica%s", now->running,
		    now->running == 1 ? "" : "s");
}

bool report_finish(struct report *r, const struct report_now *now, struct message_result *ret)
{
	bool late = !r->own && now->now_ms - r->began_ms >= r->limit_ms;

	if (!r->active)
		return false;
	if (r->error[0] != '\0' && now->busy == 0) {
		fill(r, now, STATUS_ERROR, ret);
		say(ret->message, sizeof(ret->message), "%s", r->error);
	} else if (r->error[0] == '\0' && reached(r, now)) {
		tell_success(r, now, ret);
	} else if (late) {
		fill(r, now, STATUS_ERROR, ret);
		say(ret->message, sizeof(ret->message),
		    "not done after %.0f s: %d of %d replicas run, %d leaving",
		    ret->duration_ms / 1000, now->running, r->wanted, now->leaving);
	} else {
		return false;
	}
	if (r->note[0] != '\0')
		say(ret->message, sizeof(ret->message), "%s", r->note);
	r->active = false;
	return !r->own || did_something(r);
}

bool report_supersede(struct report *r, const char *by, const struct report_now *now,
		      struct message_result *ret)
{
	fill(r, now, r->error[0] != '\0' ? STATUS_ERROR : STATUS_OK, ret);
	if (r->error[0] != '\0')
		say(ret->message, sizeof(ret->message), "%s", r->error);
	say(ret->message, sizeof(ret->message), "superseded by %s", by);
	r->active = false;
	return !r->own || did_something(r);
}
