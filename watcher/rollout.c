/* Pure. From facts to the next step. */
#include "watcher/rollout.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum rollout_action rollout_next(const struct rollout_facts *f)
{
	if (!f->ready && !f->kept)
		return ROLLOUT_REST; /* the placeholder serves until the first replica is ready */
	if (f->ready && !f->in_file && !f->undecided) {
		if (f->failed)
			return ROLLOUT_REST;
		return f->lb_running ? ROLLOUT_CHANGE : ROLLOUT_WRITE;
	}
	if (!f->lb_running || f->answer == ROLLOUT_CONFIRMED)
		return ROLLOUT_REST;
	if (f->answer == ROLLOUT_UNKNOWN)
		return ROLLOUT_CHECK;
	return f->failed ? ROLLOUT_REST : ROLLOUT_RELOAD;
}

enum rollout_verdict rollout_answered(struct rollout_watch *w, uint64_t now_ms, int generation)
{
	if (generation == w->generation) {
		if (!w->seen)
			w->seen_ms = now_ms;
		w->seen = true;
		return now_ms - w->seen_ms >= w->stable_ms ? ROLLOUT_YES : ROLLOUT_MORE;
	}
	w->seen = false;
	if (generation >= 0 && !w->may_come)
		return ROLLOUT_NO;
	return now_ms - w->start_ms >= w->limit_ms ? ROLLOUT_TIMEOUT : ROLLOUT_MORE;
}

int rollout_generation(const char *body)
{
	char *end;
	long n;

	if (body[0] < '0' || body[0] > '9')
		return -1;
	n = strtol(body, &end, 10);
	return strcmp(end, "\n") == 0 && n <= INT_MAX ? (int)n : -1;
}

/* ${line} without the "24#31: " that it has when nginx wrote it as a log line. */
static const char *behind_process(const char *line)
{
	static const char digits[] = "0123456789";
	const char *pid_end = line + strspn(line, digits);
	const char *tid_end = *pid_end == '#' ? pid_end + 1 + strspn(pid_end + 1, digits) : line;

	return strncmp(tid_end, ": ", 2) == 0 ? tid_end + 2 : line;
}

void rollout_refusal(const char *output, char *ret, size_t size)
{
	static const char mark[] = "[emerg] ";
	const char *line = strstr(output, mark);
	size_t len = 0;

	line = line ? behind_process(line + strlen(mark)) : output;
	for (; line[len] && line[len] != '\n' && len + 1 < size; len++)
		ret[len] = (unsigned char)line[len] < ' ' ? ' ' : line[len];
	ret[len] = '\0';
}
