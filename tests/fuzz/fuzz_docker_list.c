/* Shell. Fuzz target: whatever an engine answers to GET /containers/json, docker_list_decode gives
 * containers whose names and addresses may stand in nginx's configuration and in URLs, and the same
 * ones when they are told again; and docker_version_choose never chooses what nobody speaks. */
#include "common/docker_codec.h"
#include "common/json.h"
#include "common/mem.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <errno.h>

static const char *const states[] = {
	[DOCKER_CREATED] = "created",   [DOCKER_RUNNING] = "running",
	[DOCKER_PAUSED] = "paused",     [DOCKER_RESTARTING] = "restarting",
	[DOCKER_REMOVING] = "removing", [DOCKER_EXITED] = "exited",
	[DOCKER_DEAD] = "dead",         [DOCKER_OTHER] = "else",
};

static const char *const healths[] = {
	[DOCKER_HEALTH_NONE] = "Up",
	[DOCKER_HEALTH_STARTING] = "Up (health: starting)",
	[DOCKER_HEALTHY] = "Up (healthy)",
	[DOCKER_UNHEALTHY] = "Up (unhealthy)",
};

static void check_name(const char *name, size_t size)
{
	must(memchr(name, '\0', size) != NULL);
	for (const char *p = name; *p; p++)
		must(isalnum((unsigned char)*p) || (p > name && strchr("_.-", *p)));
}

static void check_network(const struct docker_network *network)
{
	char bytes[16];

	check_name(network->name, sizeof(network->name));
	must(network->name[0] != '\0');
	must(memchr(network->address, '\0', sizeof(network->address)) != NULL);
	must(network->address[0] == '\0' || inet_pton(AF_INET, network->address, bytes) == 1 ||
	     inet_pton(AF_INET6, network->address, bytes) == 1);
}

static void check_container(const struct docker_container *c)
{
	must(c->id[0] != '\0' && memchr(c->id, '\0', sizeof(c->id)));
	must(c->id[strspn(c->id, "0123456789abcdef")] == '\0');
	check_name(c->name, sizeof(c->name));
	check_name(c->replica_of, sizeof(c->replica_of));
	must(c->state <= DOCKER_OTHER && c->health <= DOCKER_UNHEALTHY && c->created_sec >= 0);
	must(c->networks_n <= DOCKER_NETWORKS_MAX);
	for (size_t i = 0; i < c->networks_n; i++) {
		check_network(&c->networks[i]);
		must(i == 0 || strcmp(c->networks[i - 1].name, c->networks[i].name) <= 0);
	}
}

/* The same container as an engine would tell it. */
static cJSON *tell(const struct docker_container *c)
{
	cJSON *o = cJSON_CreateObject(), *names = cJSON_AddArrayToObject(o, "Names");
	cJSON *labels = cJSON_AddObjectToObject(o, "Labels");
	cJSON *networks =
		cJSON_AddObjectToObject(cJSON_AddObjectToObject(o, "NetworkSettings"), "Networks");
	char name[REPLICA_NAME_MAX + 1];

	snprintf(name, sizeof(name), "/%s", c->name);
	cJSON_AddItemToArray(names, cJSON_CreateString(name));
	cJSON_AddStringToObject(o, "Id", c->id);
	cJSON_AddStringToObject(o, "State", states[c->state]);
	cJSON_AddStringToObject(o, "Status", healths[c->health]);
	cJSON_AddNumberToObject(o, "Created", (double)c->created_sec);
	if (c->is_target)
		cJSON_AddStringToObject(labels, LABEL_TARGET, "true");
	if (c->replica_of[0] != '\0')
		cJSON_AddStringToObject(labels, LABEL_REPLICA_OF, c->replica_of);
	for (size_t i = 0; i < c->networks_n; i++)
		cJSON_AddStringToObject(cJSON_AddObjectToObject(networks, c->networks[i].name),
					"IPAddress", c->networks[i].address);
	return o;
}

static void check_again(const struct docker_container *list, size_t n)
{
	cJSON *root = cJSON_CreateArray();
	struct docker_container *again;
	size_t again_n;

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(root, tell(&list[i]));
	must(docker_list_decode(root, &again, &again_n) == 0);
	must(again_n == n && memcmp(again, list, n * sizeof(*list)) == 0);
	free(again);
	cJSON_Delete(root);
}

static void try_list(const char *text, size_t size)
{
	struct docker_container *list = NULL;
	size_t n = 0;
	cJSON *root;

	if (json_parse(text, size, &root) != 0)
		return;
	int err = docker_list_decode(root, &list, &n);
	if (err) {
		must(err == -EBADMSG && list == NULL && n == 0);
	} else {
		must(n == (size_t)cJSON_GetArraySize(root) && n <= DOCKER_CONTAINERS_MAX);
		for (size_t i = 0; i < n; i++)
			check_container(&list[i]);
		if (n > 0)
			check_again(list, n);
	}
	free(list);
	cJSON_Delete(root);
}

/* The text, up to its first NUL, as what an engine says it speaks. */
static void try_version(const char *text)
{
	char version[16] = "";

	int err = docker_version_choose(text, DOCKER_API_MAX, version);
	must(err == (version[0] == '\0' ? -EPROTONOSUPPORT : 0));
	if (err == 0)
		must(strcmp(version, DOCKER_API_MAX) == 0);

	version[0] = '\0';
	err = docker_version_choose("1.12", text, version);
	must(err == (version[0] == '\0' ? -EPROTONOSUPPORT : 0));
	if (err != 0)
		return;
	must(docker_version_compare(version, DOCKER_API_MIN) >= 0);
	must(docker_version_compare(version, DOCKER_API_MAX) <= 0);
	must(docker_version_compare(version, text) <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, true);

	mem_init();
	try_list(text, size);
	try_version(text);
	free(text);
	return 0;
}
