/* Shell. Command line and environment: the only place in the suite that reads either. */
#include "common/log.h"
#include "common/service_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_BYTES_MAX ((size_t)256 * 1024)

static void common_table_fill(struct service *sv)
{
	size_t n = 0;

	for (size_t i = 0; i < SERVICE_ROWS_N; i++)
		if (service_rows[i].uses == 0 || (service_rows[i].uses & sv->spec->uses) != 0)
			sv->common_table[n++] = service_rows[i].row;
	sv->common_table[n] = (struct setting){.name = NULL};
}

static const char *lookup_env(const char *name, void *cookie)
{
	(void)cookie;
	return getenv(name);
}

static int read_fd(int fd, struct buf *out)
{
	char chunk[1024];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		if (buf_append(out, chunk, (size_t)n) != 0)
			return -EFBIG;
	return n < 0 ? -errno : 0;
}

static char *read_file(const char *path, size_t max, const char **ret_error, void *cookie)
{
	struct buf text;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err = fd < 0 ? -errno : 0;

	(void)cookie;
	buf_init(&text, max);
	if (fd >= 0) {
		err = read_fd(fd, &text);
		close(fd);
	}
	if (err == 0 && strlen(buf_text(&text)) != text.len)
		err = -EILSEQ;
	if (err == 0)
		return buf_steal(&text);
	buf_free(&text);
	*ret_error = err == -EILSEQ ? "it has a NUL byte in it" : strerrordesc_np(-err);
	return NULL;
}

/* What a row of the table cannot say of the common settings. */
static int check_common(const struct service_common *c, struct buf *errors)
{
	int n = 0;

	if (!http_server_bind_valid(c->http_bind)) {
		buf_printf(errors, "HTTP_BIND=%s: must be a numeric address\n", c->http_bind);
		n++;
	}
	if (c->docker_host != NULL && !service_docker_host_valid(c->docker_host)) {
		buf_printf(errors,
			   "DOCKER_HOST=%s: must be unix:///path (at most 107 bytes) or "
			   "tcp://host:port\n",
			   c->docker_host);
		n++;
	}
	return n;
}

/* The number of settings that are wrong, after saying on standard error which. */
static int read_settings(struct service *sv)
{
	const struct service_spec *spec = sv->spec;
	struct buf errors;
	int own, common;

	buf_init(&errors, OUTPUT_BYTES_MAX);
	own = settings_parse(spec->settings, lookup_env, read_file, NULL, spec->config, &errors);
	if (own == 0 && spec->check != NULL)
		own = spec->check(spec->config, &errors);
	common =
		settings_parse(sv->common_table, lookup_env, read_file, NULL, &sv->common, &errors);
	if (common == 0)
		common = check_common(&sv->common, &errors);
	if (own + common > 0)
		fprintf(stderr, "%s: bad settings:\n%s", spec->name, buf_text(&errors));
	buf_free(&errors);
	return own + common;
}

static void print_help(struct service *sv)
{
	const struct service_spec *spec = sv->spec;
	struct buf out;

	buf_init(&out, OUTPUT_BYTES_MAX);
	buf_printf(&out, "usage: %s [option]...\n%s\n\noptions:\n", spec->name, spec->summary);
	if (spec->options_help != NULL)
		buf_puts(&out, spec->options_help);
	buf_puts(&out, "  --help         print this\n"
		       "  --version      print the version\n"
		       "  --check        say whether the settings are fine, start nothing\n"
		       "  --healthcheck  ask the running daemon's /healthz: 0 healthy, 1 not\n"
		       "  --env-example  print the settings as lines for an environment file\n");
	if (spec->settings[0].name != NULL) {
		buf_puts(&out, "\nsettings, from the environment:\n");
		settings_help(spec->settings, &out);
	}
	buf_puts(&out, "\nsettings that daemons have in common:\n");
	settings_help(sv->common_table, &out);
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

static void print_env_example(struct service *sv)
{
	struct buf out;

	buf_init(&out, OUTPUT_BYTES_MAX);
	settings_env_example(sv->spec->settings, &out);
	settings_env_example(sv->common_table, &out);
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

static void print_version(struct service *sv)
{
	printf("%s %s\n", sv->spec->name, VERSION);
}

static int check_settings(struct service *sv)
{
	if (read_settings(sv) > 0)
		return 2;
	printf("%s: settings are fine\n", sv->spec->name);
	return 0;
}

static int check_health(struct service *sv)
{
	const char *bind;
	int port;

	if (read_settings(sv) > 0)
		return 1;
	bind = sv->common.http_bind;
	port = sv->common.http_port;
	if (sv->spec->healthcheck != NULL)
		sv->spec->healthcheck(sv->spec->config, &bind, &port);
	if (port == 0) {
		fprintf(stderr, "%s: set HTTP_PORT to have a /healthz to ask\n", sv->spec->name);
		return 1;
	}
	return service_healthcheck(sv->spec->name, bind, port);
}

enum mode { MODE_RUN, MODE_CHECK, MODE_HEALTHCHECK, MODE_HELP, MODE_VERSION, MODE_ENV_EXAMPLE };

static enum mode parse_args(struct service *sv, int argc, char **argv)
{
	static const struct {
		const char *option;
		enum mode mode;
	} modes[] = {
		{"--help", MODE_HELP},
		{"--version", MODE_VERSION},
		{"--check", MODE_CHECK},
		{"--healthcheck", MODE_HEALTHCHECK},
		{"--env-example", MODE_ENV_EXAMPLE},
	};
	const struct service_spec *spec = sv->spec;
	enum mode mode = MODE_RUN;

	for (int i = 1; i < argc; i++) {
		size_t m = 0;

		if (spec->option != NULL && spec->option(argc, argv, &i, spec->config))
			continue;
		while (m < sizeof(modes) / sizeof(modes[0]) &&
		       strcmp(argv[i], modes[m].option) != 0)
			m++;
		if (m == sizeof(modes) / sizeof(modes[0])) {
			fprintf(stderr, "%s: unknown option \"%s\"; --help lists them\n",
				spec->name, argv[i]);
			exit(2);
		}
		mode = modes[m].mode;
	}
	return mode;
}

void service_options_free(struct service *sv)
{
	settings_free(sv->spec->settings, sv->spec->config);
	settings_free(sv->common_table, &sv->common);
}

void service_options(struct service *sv, int argc, char **argv)
{
	int status = 0;

	common_table_fill(sv);
	switch (parse_args(sv, argc, argv)) {
	case MODE_RUN:
		sv->notify_environment = (struct notify_environment){
			.socket = getenv("NOTIFY_SOCKET"),
			.watchdog_usec = getenv("WATCHDOG_USEC"),
			.watchdog_pid = getenv("WATCHDOG_PID"),
		};
		if (read_settings(sv) == 0)
			return;
		status = 2;
		break;
	case MODE_CHECK:
		status = check_settings(sv);
		break;
	case MODE_HEALTHCHECK:
		status = check_health(sv);
		break;
	case MODE_HELP:
		print_help(sv);
		break;
	case MODE_VERSION:
		print_version(sv);
		break;
	case MODE_ENV_EXAMPLE:
		print_env_example(sv);
		break;
	}
	service_options_free(sv);
	exit(status);
}
