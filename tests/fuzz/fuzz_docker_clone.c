/* Shell. Fuzz target: whatever an engine says of the template, its copy is one: all of it but what
 * cannot be had twice, no port of the host, no network but its own, and no right that was not
 * allowed. */
#include "common/json.h"
#include "common/mem.h"
#include "common/replica.h"
#include "executor/clone.h"
#include "executor/privileges.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <strings.h>

#define TARGET  "app"
#define COMPOSE "com.docker.compose."

/* ---- what engines never send ---- */

static bool names_repeat(const cJSON *o)
{
	for (const cJSON *a = o->child; a; a = a->next) {
		if (names_repeat(a))
			return true;
		for (const cJSON *b = cJSON_IsObject(o) ? a->next : NULL; b; b = b->next)
			if (strcasecmp(a->string, b->string) == 0)
				return true;
	}
	return false;
}

/* Engines read names whatever their case, and write them in one. */
static bool is_odd(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItem(o, name) != json_get(o, name);
}

static bool engine_would(const cJSON *inspect)
{
	static const char *const names[] = {
		"PortBindings",    "Links",      "ContainerIDFile", "PublishAllPorts",
		"AutoRemove",      "Privileged", "PidMode",         "IpcMode",
		"NetworkMode",     "Binds",      "Mounts",          "Labels",
		"Volumes",         "Hostname",   "MacAddress",      "Image",
		"HostConfig",      "DriverOpts", "EndpointConfig",  "NetworkingConfig",
		"EndpointsConfig",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_odd(json_get(inspect, "Config"), names[i]) ||
		    is_odd(json_get(inspect, "HostConfig"), names[i]))
			return false;
	return !names_repeat(inspect) && !json_get(json_get(inspect, "Config"), "HostConfig") &&
	       !json_get(json_get(inspect, "Config"), "NetworkingConfig");
}

/* ---- the parts of a copy ---- */

static bool same_text(const cJSON *a, const cJSON *b)
{
	char *a_text = json_print(a), *b_text = json_print(b);
	bool same = strcmp(a_text, b_text) == 0;

	free(a_text);
	free(b_text);
	return same;
}

static bool is_in(const char *name, const char *const *list)
{
	while (*list != NULL && strcmp(*list, name) != 0)
		list++;
	return *list != NULL;
}

/* All members of ${from} are in ${to}, but for those named in ${changed}. */
static void check_copied(const cJSON *from, const cJSON *to, const char *const *changed)
{
	const cJSON *member;

	cJSON_ArrayForEach (member, from) {
		if (is_in(member->string, changed))
			continue;
		must(json_get(to, member->string) != NULL);
		must(same_text(member, json_get(to, member->string)));
	}
}

static bool is_fresh_volume(const char *source)
{
	return source == NULL || strspn(source, "0123456789abcdef") != 64 ||
	       (source[64] != '\0' && source[64] != ':');
}

static void check_volumes(const cJSON *host)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, json_get(host, "Binds")) {
		const char *bind = cJSON_GetStringValue(item);

		must(is_fresh_volume(bind) || bind[64] != ':');
	}
	cJSON_ArrayForEach (item, json_get(host, "Mounts")) {
		const char *type = json_str(item, "Type");

		if (type != NULL && strcmp(type, "volume") == 0)
			must(is_fresh_volume(json_str(item, "Source")) ||
			     strlen(json_str(item, "Source")) != 64);
	}
}

static void check_host(const cJSON *from, const cJSON *to, bool privileges)
{
	static const char *const changed[] = {"PortBindings",    "Links",      "ContainerIDFile",
					      "PublishAllPorts", "AutoRemove", "Binds",
					      "NetworkMode",     "Mounts",     NULL};
	const char *mode = json_str(to, "NetworkMode");

	check_copied(from, to, changed);
	for (size_t i = 0; i < 3; i++)
		must(json_get(to, changed[i]) == NULL);
	must(cJSON_IsFalse(json_get(to, "PublishAllPorts")));
	must(cJSON_IsFalse(json_get(to, "AutoRemove")));
	if (mode != NULL)
		must(strcmp(mode, "host") != 0 && strncmp(mode, "container:", 10) != 0);
	if (!privileges) {
		const char *pid = json_str(to, "PidMode"), *ipc = json_str(to, "IpcMode");

		must(!cJSON_IsTrue(json_get(to, "Privileged")));
		must(pid == NULL || strcmp(pid, "host") != 0);
		must(ipc == NULL || strcmp(ipc, "host") != 0);
	}
	check_volumes(to);
}

static void check_labels(const cJSON *from, const cJSON *to)
{
	static const char *const ours[] = {LABEL_TARGET, LABEL_REPLICA_OF, NULL};
	const cJSON *label;

	must(json_get(to, LABEL_TARGET) == NULL);
	must(strcmp(json_str(to, LABEL_REPLICA_OF), TARGET) == 0);
	cJSON_ArrayForEach (label, from) {
		if (!is_in(label->string, ours) &&
		    strncmp(label->string, COMPOSE, strlen(COMPOSE)) != 0)
			must(same_text(label, json_get(to, label->string)));
	}
	if (json_str(to, COMPOSE "service") != NULL)
		must(strcmp(json_str(to, COMPOSE "service"), json_str(from, COMPOSE "service")) !=
		     0);
}

/* Of the template's there, neither addresses nor aliases. */
static void check_endpoint(const cJSON *endpoint)
{
	const cJSON *member;

	cJSON_ArrayForEach (member, endpoint)
		must(strcmp(member->string, "DriverOpts") == 0);
}

static void check_networks(const cJSON *networks, const struct clone *c, bool many)
{
	const cJSON *endpoints = json_path(c->body, "NetworkingConfig", "EndpointsConfig", NULL);
	const cJSON *item;
	int created = cJSON_GetArraySize(endpoints), later = cJSON_GetArraySize(c->connects);

	must(cJSON_IsObject(endpoints) && cJSON_IsArray(c->connects));
	must(created + later == cJSON_GetArraySize(networks));
	must(many ? later == 0 : created == (cJSON_GetArraySize(networks) > 0));
	cJSON_ArrayForEach (item, endpoints) {
		must(json_get(networks, item->string) != NULL);
		check_endpoint(item);
	}
	cJSON_ArrayForEach (item, c->connects) {
		must(json_get(networks, json_str(item, "network")) != NULL);
		check_endpoint(json_path(item, "body", "EndpointConfig", NULL));
		must(cJSON_GetArraySize(json_get(item, "body")) == 1);
	}
}

/* ---- all of it ---- */

static void check_clone(const cJSON *inspect, const struct clone *c, bool many)
{
	static const char *const changed[] = {"Image",  "Hostname", "MacAddress",
					      "Labels", "Volumes",  NULL};
	const cJSON *config = json_get(inspect, "Config"), *labels = json_get(config, "Labels");
	struct clone_error error;
	char *body = json_print(c->body);
	cJSON *again;

	must(json_parse_exact(body, strlen(body), &again) == 0);
	must(same_text(again, c->body));
	check_copied(config, c->body, changed);
	must(json_get(c->body, "Hostname") == NULL && json_get(c->body, "MacAddress") == NULL);
	must(strcmp(json_str(c->body, "Image"), json_str(inspect, "Image")) == 0);
	check_host(json_get(inspect, "HostConfig"), json_get(c->body, "HostConfig"),
		   privileges_check(inspect, &error) != 0);
	check_labels(labels, json_get(c->body, "Labels"));
	check_networks(json_path(inspect, "NetworkSettings", "Networks", NULL), c, many);
	cJSON_Delete(again);
	free(body);
}

static void try_clone(const cJSON *inspect, bool many)
{
	struct clone_error error;
	struct clone clone;

	memset(&error, 0xa5, sizeof(error));
	int err = clone_make(inspect, TARGET, 3, many, &clone, &error);
	if (err != 0) {
		must(err == -EBADMSG || err == -ENOTSUP);
		must(fuzz_is_text(error.text, sizeof(error.text)) && error.text[0] != '\0');
		return;
	}
	check_clone(inspect, &clone, many);
	clone_done(&clone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, false);
	struct clone_error error;
	cJSON *inspect;

	mem_init();
	if (json_parse_exact(text, size, &inspect) == 0) {
		char *before = json_print(inspect);

		int err = privileges_check(inspect, &error);
		must(err == 0 || err == -EACCES);
		if (engine_would(inspect)) {
			try_clone(inspect, false);
			try_clone(inspect, true);
		}
		char *after = json_print(inspect);
		must(strcmp(before, after) == 0);
		free(before);
		free(after);
		cJSON_Delete(inspect);
	}
	free(text);
	return 0;
}
