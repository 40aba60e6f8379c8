/* Shell. Log lines in logfmt on standard error: ts=… level=… daemon=… msg="…" key=value …
 * Library code in common/ never calls this (service aside): it returns or calls back, and the
 * daemon logs transitions, once. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdint.h>

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG
}; /* the choices of LOG_LEVEL, in this order */
#define LOG_LEVELS "error|warn|info|debug"

struct log_field {
	const char *key;
	enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_NUM, LOG_FIELD_ERR } type;
	const char *str;
	int64_t i;
	double num;
};

/* One field: a string (NULL prints as empty), an integer, a number, or an error as its text
 * (-errno). */
#define F_STR(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_STR, .str = (v)})
#define F_INT(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_INT, .i = (v)})
#define F_NUM(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_NUM, .num = (v)})
#define F_ERR(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_ERR, .i = (v)})

/* The first element is only there so that no field at all is fine too. */
#define LOG_AT(level, msg, ...)                                                                    \
	log_write(level, msg, (const struct log_field[]){{0}, ##__VA_ARGS__, {0}} + 1)

#define log_error(msg, ...) LOG_AT(LOG_ERROR, msg, ##__VA_ARGS__)
#define log_warn(msg, ...)  LOG_AT(LOG_WARN, msg, ##__VA_ARGS__)
#define log_info(msg, ...)  LOG_AT(LOG_INFO, msg, ##__VA_ARGS__)
#define log_debug(msg, ...) LOG_AT(LOG_DEBUG, msg, ##__VA_ARGS__)

/* Who speaks and how much.  ${daemon} must stay valid. */
void log_init(const char *daemon, enum log_level);

/* One line, written with one write(2); longer than 2 KiB is cut.  ${fields} ends with a key of
 * NULL.  Values are quoted where they need it; control characters are escaped, so a message from
 * outside cannot forge a line. */
void log_write(enum log_level, const char *msg, const struct log_field *fields);

#endif
