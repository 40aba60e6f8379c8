/* Shell. What a daemon says of itself: dependencies up or down, /healthz and /metrics. */
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/service_internal.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct health *service_health(struct service *sv, const char *name)
{
	struct health *h = xcalloc(1, sizeof(*h)), **last = &sv->healths;

	h->service = sv;
	h->name = name;
	h->since_sec = service_wall_sec();
	while (*last != NULL)
		last = &(*last)->next;
	*last = h;
	return h;
}

void service_health_line(const struct service *sv, char *ret, size_t size)
{
	size_t len = 0;

	snprintf(ret, size, "healthy");
	for (const struct health *h = sv->healths; h != NULL && len < size; h = h->next)
		if (!h->up)
			len += (size_t)snprintf(ret + len, size - len, "%s%s is %s%s%s",
						len > 0 ? "; " : "", h->name,
						h->reported ? "down" : "awaited",
						h->detail[0] != '\0' ? ": " : "", h->detail);
}

void health_set(struct health *h, bool up, const char *detail)
{
	bool changed = !h->reported || h->up != up;
	char msg[80], line[SERVICE_LINE_MAX];

	snprintf(h->detail, sizeof(h->detail), "%s", detail);
	if (!changed)
		return;
	h->reported = true;
	h->up = up;
	h->since_sec = service_wall_sec();
	snprintf(msg, sizeof(msg), "%s is %s", h->name, up ? "up" : "down");
	if (up)
		log_info(msg);
	else
		log_warn(msg, F_STR("detail", h->detail));
	service_health_line(h->service, line, sizeof(line));
	notify_status(h->service->notify, line);
}

static bool all_up(const struct service *sv)
{
	for (const struct health *h = sv->healths; h != NULL; h = h->next)
		if (!h->up)
			return false;
	return true;
}

void service_reply_healthz(struct service *sv, struct http_request *req)
{
	bool up = all_up(sv);
	cJSON *root = cJSON_CreateObject(), *dependencies;
	char *text;

	cJSON_AddStringToObject(root, "status", up ? "ok" : "degraded");
	cJSON_AddStringToObject(root, "daemon", sv->spec->name);
	cJSON_AddStringToObject(root, "version", VERSION);
	json_add_round(root, "uptime_sec", (double)(uv_now(&sv->loop) - sv->started_ms) / 1000.0,
		       3);
	dependencies = cJSON_AddObjectToObject(root, "dependencies");
	for (const struct health *h = sv->healths; h != NULL; h = h->next) {
		cJSON *one = cJSON_AddObjectToObject(dependencies, h->name);

		cJSON_AddBoolToObject(one, "up", h->up);
		json_add_round(one, "since", h->since_sec, 3);
		cJSON_AddStringToObject(one, "detail", h->detail);
	}
	text = json_print(root);
	http_reply(req, up ? 200 : 503, "application/json", text, strlen(text));
	free(text);
	cJSON_Delete(root);
}

void service_reply_health(struct service *sv, struct http_request *req)
{
	bool up = all_up(sv);
	const char *text = up ? "{\"status\":\"ok\"}" : "{\"status\":\"degraded\"}";

	http_reply(req, up ? 200 : 503, "application/json", text, strlen(text));
}

static double resident_bytes(void)
{
	char text[128] = "", *resident = text;
	FILE *f = fopen("/proc/self/statm", "re"); /* pages: all, resident, … */

	if (f == NULL)
		return 0;
	if (fgets(text, sizeof(text), f) != NULL)
		strtol(text, &resident, 10);
	fclose(f);
	return (double)strtol(resident, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

static double cpu_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static double open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -1; /* the directory's own descriptor */

	if (dir == NULL)
		return 0;
	for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void render_process(const struct service *sv, struct buf *out)
{
	const struct {
		const char *name, *type, *help;
		double value;
	} rows[] = {
		{"process_resident_memory_bytes", "gauge", "Memory in use.", resident_bytes()},
		{"process_cpu_seconds_total", "counter", "CPU time used.", cpu_seconds()},
		{"process_open_fds", "gauge", "Open file descriptors.", open_fds()},
		{"process_start_time_seconds", "gauge", "When the process started, since 1970.",
		 sv->started_sec},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", rows[i].name,
			   rows[i].help, rows[i].name, rows[i].type, rows[i].name, rows[i].value);
}

static void render_build(struct buf *out)
{
	buf_puts(out, "# HELP agentic_build_info Always 1; the version that runs.\n"
		      "# TYPE agentic_build_info gauge\n"
		      "agentic_build_info{version=\"" VERSION "\"} 1\n");
}

static void render_dependencies(const struct service *sv, struct buf *out)
{
	if (sv->healths == NULL)
		return;
	buf_puts(out, "# HELP agentic_dependency_up Whether the dependency answers.\n"
		      "# TYPE agentic_dependency_up gauge\n");
	for (const struct health *h = sv->healths; h != NULL; h = h->next)
		buf_printf(out, "agentic_dependency_up{dependency=\"%s\"} %d\n", h->name, h->up);
}

void service_reply_metrics(struct service *sv, struct http_request *req)
{
	struct buf out;

	buf_init(&out, SERVICE_BODY_MAX);
	render_process(sv, &out);
	render_build(&out);
	render_dependencies(sv, &out);
	metrics_render(sv->metrics, &out);
	http_reply(req, 200, "text/plain; version=0.0.4; charset=utf-8", buf_text(&out), out.len);
	buf_free(&out);
}

static void on_healthz(struct http_request *req, void *cookie)
{
	service_reply_healthz(cookie, req);
}

static void on_metrics(struct http_request *req, void *cookie)
{
	service_reply_metrics(cookie, req);
}

const struct http_route service_routes[] = {
	{"GET", "/healthz", on_healthz},
	{"GET", "/metrics", on_metrics},
	{NULL, NULL, NULL},
};
