/* Shell. Log lines in logfmt, each built in memory and written at once, so that lines of processes
 * that share a terminal do not mix. */
#include "common/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX 2048
#define TAIL_BYTES     2 /* kept free for the closing quote and the line's end */

struct line {
	char text[LINE_BYTES_MAX];
	size_t len;
	bool full; /* something did not fit: nothing more is added */
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static const char *log_daemon = "";
static enum log_level log_threshold = LOG_INFO;

void log_init(const char *daemon, enum log_level level)
{
	log_daemon = daemon;
	log_threshold = level;
}

static void add(struct line *l, const char *bytes, size_t len)
{
	if (l->full || len > sizeof(l->text) - TAIL_BYTES - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->text + l->len, bytes, len);
	l->len += len;
}

static void add_text(struct line *l, const char *text)
{
	add(l, text, strlen(text));
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static bool needs_quotes(const char *s)
{
	if (*s == '\0')
		return true;
	for (; *s != '\0'; s++)
		if (is_control((unsigned char)*s) || strchr(" =\"\\", *s) != NULL)
			return true;
	return false;
}

static void add_escaped(struct line *l, unsigned char c)
{
	char hex[8];

	switch (c) {
	case '"':
		add(l, "\\\"", 2);
		break;
	case '\\':
		add(l, "\\\\", 2);
		break;
	case '\n':
		add(l, "\\n", 2);
		break;
	case '\t':
		add(l, "\\t", 2);
		break;
	default:
		if (is_control(c)) {
			snprintf(hex, sizeof(hex), "\\x%02x", c);
			add(l, hex, 4);
		} else {
			add(l, (const char *)&c, 1);
		}
	}
}

static void add_quoted(struct line *l, const char *s)
{
	if (l->full)
		return;
	add(l, "\"", 1);
	for (; *s != '\0' && !l->full; s++)
		add_escaped(l, (unsigned char)*s);
	l->text[l->len++] = '"'; /* TAIL_BYTES has room for it even in a line that is cut */
}

static void add_time(struct line *l)
{
	struct timespec now;
	struct tm tm;
	char text[40];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(text, sizeof(text), "ts=%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(now.tv_nsec / 1000000));
	add_text(l, text);
}

static void add_value(struct line *l, const struct log_field *f)
{
	char number[32];
	const char *text = number;

	switch (f->type) {
	case LOG_FIELD_STR:
		text = f->str != NULL ? f->str : "";
		break;
	case LOG_FIELD_INT:
		snprintf(number, sizeof(number), "%lld", (long long)f->i);
		break;
	case LOG_FIELD_NUM:
		snprintf(number, sizeof(number), "%.6g", f->num);
		break;
	case LOG_FIELD_ERR:
		text = strerrordesc_np(abs((int)f->i));
		if (text == NULL)
			text = "unknown error";
		break;
	}
	if (needs_quotes(text))
		add_quoted(l, text);
	else
		add_text(l, text);
}

static void add_field(struct line *l, const struct log_field *f)
{
	size_t before = l->len;

	add(l, " ", 1);
	add_text(l, f->key);
	add(l, "=", 1);
	if (l->full)
		l->len = before; /* a key without a value would say something else */
	else
		add_value(l, f);
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields)
{
	struct line l = {.len = 0};

	if (level > log_threshold)
		return;
	add_time(&l);
	add_text(&l, " level=");
	add_text(&l, level_names[level]);
	add_text(&l, " daemon=");
	add_text(&l, log_daemon);
	add_text(&l, " msg=");
	add_quoted(&l, msg);
	for (; fields->key != NULL; fields++)
		add_field(&l, fields);
	l.text[l.len++] = '\n';
	while (write(STDERR_FILENO, l.text, l.len) < 0 && errno == EINTR)
		;
}
