/* Pure. What Docker says of the template, against what gives away the host. */
#include "executor/privileges.h"

#include "common/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int refuse(struct clone_error *ret, const char *what)
{
	snprintf(ret->text, sizeof(ret->text),
		 "the template %s, and a replica would as well: set ALLOW_PRIVILEGED_TEMPLATE=true "
		 "if that is meant",
		 what);
	return -EACCES;
}

/* Whether the host's path (of ${len} bytes, absolute) is an engine's socket, or where one lies. */
static bool gives_away_engine(const char *path, size_t len)
{
	static const char *const holders[] = {"", "/var", "/var/run", "/run"};
	static const char *const sockets[] = {"/docker.sock", "/containerd.sock", "/podman.sock"};

	while (len > 0 && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < sizeof(holders) / sizeof(holders[0]); i++)
		if (len == strlen(holders[i]) && memcmp(path, holders[i], len) == 0)
			return true;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		size_t end = strlen(sockets[i]);

		if (len >= end && memcmp(path + len - end, sockets[i], end) == 0)
			return true;
	}
	return false;
}

static bool bind_does(const cJSON *bind)
{
	const char *text = cJSON_GetStringValue(bind);

	return text != NULL && text[0] == '/' && gives_away_engine(text, strcspn(text, ":"));
}

static bool mount_does(const cJSON *mount)
{
	const char *source = json_str(mount, "Source");

	return source != NULL && source[0] == '/' && gives_away_engine(source, strlen(source));
}

static bool any(const cJSON *list, bool (*does)(const cJSON *))
{
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		if (does(item))
			return true;
	}
	return false;
}

static bool is_host(const cJSON *host, const char *mode)
{
	const char *value = json_str(host, mode);

	return value != NULL && strcmp(value, "host") == 0;
}

int privileges_check(const cJSON *inspect, struct clone_error *ret_error)
{
	static const struct {
		const char *mode, *what;
	} modes[] = {
		{"PidMode", "sees the host's processes (pid: host)"},
		{"IpcMode", "shares the host's memory segments (ipc: host)"},
	};
	const cJSON *host = json_get(inspect, "HostConfig");

	if (cJSON_IsTrue(json_get(host, "Privileged")))
		return refuse(ret_error, "is privileged");
	if (any(json_get(host, "Binds"), bind_does) || any(json_get(host, "Mounts"), mount_does) ||
	    any(json_get(inspect, "Mounts"), mount_does))
		return refuse(ret_error, "has the container engine's socket mounted, or a "
					 "directory above it");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (is_host(host, modes[i].mode))
			return refuse(ret_error, modes[i].what);
	return 0;
}
