/* Pure. Inspect of the template in, body of the create call out.  The whole Config and HostConfig
 * are handed through, so that a setting this code has never heard of is copied as well. */
#include "executor/clone.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/replica.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPOSE_PREFIX "com.docker.compose."
#define SWARM_TASK     "com.docker.swarm.task.id"

static int refuse(struct clone_error *ret, int err, const char *sentence)
{
	snprintf(ret->text, sizeof(ret->text), "%s", sentence);
	return err;
}

static cJSON *member(cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static void drop(cJSON *o, const char *name)
{
	cJSON_DeleteItemFromObjectCaseSensitive(o, name);
}

/* Set ${name} of ${o}, there or not, to ${value}, which ${o} owns from then on. */
static void put(cJSON *o, const char *name, cJSON *value)
{
	drop(o, name);
	cJSON_AddItemToObject(o, name, value);
}

static bool begins_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Docker names a volume nobody named by 64 hexadecimal digits. */
static bool anonymous(const char *volume, size_t len)
{
	return len == 64 && strspn(volume, "0123456789abcdef") >= 64;
}

/* Labels ------------------------------------------------------------------------------------- */

static void copy_labels(const cJSON *from, cJSON *to)
{
	const cJSON *label;

	cJSON_ArrayForEach (label, from) {
		if (strcmp(label->string, LABEL_TARGET) == 0 ||
		    strcmp(label->string, LABEL_REPLICA_OF) == 0 ||
		    begins_with(label->string, COMPOSE_PREFIX))
			continue;
		cJSON_AddItemToObject(to, label->string, cJSON_Duplicate(label, true));
	}
}

/* Compose finds its containers by labels.  A service that is not in its file makes the replica an
 * orphan: never counted as one of the template's service, yet removed by
 * `down --remove-orphans`. */
static void add_compose_labels(const cJSON *from, int n, cJSON *to)
{
	const char *project = json_str(from, COMPOSE_PREFIX "project");
	const char *service = json_str(from, COMPOSE_PREFIX "service");
	const char *hash = json_str(from, COMPOSE_PREFIX "config-hash");
	char number[16];
	char *name;

	if (project == NULL || service == NULL)
		return;
	name = xasprintf("%s-dup", service);
	snprintf(number, sizeof(number), "%d", n);
	cJSON_AddStringToObject(to, COMPOSE_PREFIX "project", project);
	cJSON_AddStringToObject(to, COMPOSE_PREFIX "service", name);
	cJSON_AddStringToObject(to, COMPOSE_PREFIX "container-number", number);
	cJSON_AddStringToObject(to, COMPOSE_PREFIX "oneoff", "False");
	cJSON_AddStringToObject(to, COMPOSE_PREFIX "config-hash", hash != NULL ? hash : "");
	free(name);
}

static cJSON *make_labels(const cJSON *from, const char *target, int n)
{
	cJSON *to = cJSON_CreateObject();

	copy_labels(from, to);
	cJSON_AddStringToObject(to, LABEL_REPLICA_OF, target);
	add_compose_labels(from, n, to);
	return to;
}

/* Volumes ------------------------------------------------------------------------------------ */

/* Have Docker make a fresh anonymous volume at ${path}. */
static void add_volume(cJSON *config, const char *path, size_t len)
{
	char *key = xstrndup(path, len);

	if (!cJSON_IsObject(member(config, "Volumes")))
		put(config, "Volumes", cJSON_CreateObject());
	put(member(config, "Volumes"), key, cJSON_CreateObject());
	free(key);
}

/* Compose v1 binds the anonymous volume of the container it recreated ("ID:/path:rw"). */
static void renew_binds(cJSON *config, cJSON *binds)
{
	for (int i = cJSON_GetArraySize(binds) - 1; i >= 0; i--) {
		const char *bind = cJSON_GetStringValue(cJSON_GetArrayItem(binds, i));
		size_t len = bind != NULL ? strcspn(bind, ":") : 0;

		if (!anonymous(bind, len) || bind[len] != ':')
			continue;
		add_volume(config, bind + len + 1, strcspn(bind + len + 1, ":"));
		cJSON_DeleteItemFromArray(binds, i);
	}
}

/* A volume mount without a source is a fresh one. */
static void renew_mounts(cJSON *mounts)
{
	cJSON *mount;

	cJSON_ArrayForEach (mount, mounts) {
		const char *type = json_str(mount, "Type"), *source = json_str(mount, "Source");

		if (type != NULL && strcmp(type, "volume") == 0 && source != NULL &&
		    anonymous(source, strlen(source)))
			drop(mount, "Source");
	}
}

/* Networks ----------------------------------------------------------------------------------- */

/* What of an endpoint can be had twice: the driver's options. */
static cJSON *make_endpoint(const cJSON *from)
{
	const cJSON *options = json_get(from, "DriverOpts");
	cJSON *to = cJSON_CreateObject();

	if (cJSON_IsObject(options))
		cJSON_AddItemToObject(to, "DriverOpts", cJSON_Duplicate(options, true));
	return to;
}

static const char *network_mode(const cJSON *host)
{
	const char *mode = json_str(host, "NetworkMode");

	return mode != NULL ? mode : "default";
}

/* The network that HostConfig.NetworkMode means, by name or by id; where the template has left it,
 * the first it has. */
static const cJSON *primary_network(const cJSON *networks, const cJSON *host)
{
	const char *mode = network_mode(host);
	const cJSON *network;

	if (strcmp(mode, "default") == 0)
		mode = "bridge";
	cJSON_ArrayForEach (network, networks) {
		const char *id = json_str(network, "NetworkID");

		if (strcmp(network->string, mode) == 0 || (id != NULL && strcmp(id, mode) == 0))
			return network;
	}
	return networks != NULL ? networks->child : NULL;
}

static void add_connect(cJSON *connects, const cJSON *network)
{
	cJSON *one = cJSON_CreateObject(), *body = cJSON_CreateObject();

	cJSON_AddItemToObject(body, "EndpointConfig", make_endpoint(network));
	cJSON_AddStringToObject(one, "network", network->string);
	cJSON_AddItemToObject(one, "body", body);
	cJSON_AddItemToArray(connects, one);
}

static void copy_networks(const cJSON *networks, bool many, cJSON *body, cJSON *connects)
{
	cJSON *host = member(body, "HostConfig");
	const cJSON *primary = primary_network(networks, host);
	cJSON *endpoints = cJSON_CreateObject();
	const cJSON *network;

	cJSON_ArrayForEach (network, networks) {
		if (network == primary || many)
			cJSON_AddItemToObject(endpoints, network->string, make_endpoint(network));
		else
			add_connect(connects, network);
	}
	if (primary != NULL)
		put(host, "NetworkMode", cJSON_CreateString(primary->string));
	cJSON_AddItemToObject(cJSON_AddObjectToObject(body, "NetworkingConfig"), "EndpointsConfig",
			      endpoints);
}

/* -------------------------------------------------------------------------------------------- */

/* A map of the API: null where it is empty. */
static bool is_map(const cJSON *o)
{
	return !json_item_present(o) || cJSON_IsObject(o);
}

static int check_shape(const cJSON *inspect, struct clone_error *ret_error)
{
	const cJSON *config = json_get(inspect, "Config");

	if (!cJSON_IsObject(config) || !cJSON_IsObject(json_get(inspect, "HostConfig")) ||
	    json_str(inspect, "Image") == NULL)
		return refuse(ret_error, -EBADMSG,
			      "Docker's description of the template lacks Config, HostConfig or "
			      "Image");
	if (!is_map(json_get(config, "Labels")) ||
	    !is_map(json_path(inspect, "NetworkSettings", "Networks", NULL)))
		return refuse(ret_error, -EBADMSG,
			      "Labels or Networks in Docker's description of the template are no "
			      "objects");
	return 0;
}

static int check_network(const char *mode, struct clone_error *ret_error)
{
	if (strcmp(mode, "host") == 0)
		return refuse(ret_error, -ENOTSUP,
			      "the template uses the host's network, where a second one would meet "
			      "a port in use: put it on a network of its own");
	if (begins_with(mode, "container:"))
		return refuse(ret_error, -ENOTSUP,
			      "the template shares the network of another container, which a "
			      "replica cannot: put it on a network of its own");
	return 0;
}

static int check(const cJSON *inspect, struct clone_error *ret_error)
{
	const cJSON *host = json_get(inspect, "HostConfig"), *primary;
	int err = check_shape(inspect, ret_error);

	if (err == 0)
		err = check_network(network_mode(host), ret_error);
	if (err < 0)
		return err;
	/* The mode may be the id of the host's network. */
	primary = primary_network(json_path(inspect, "NetworkSettings", "Networks", NULL), host);
	if (primary != NULL)
		err = check_network(primary->string, ret_error);
	if (err == 0 && json_str(json_path(inspect, "Config", "Labels", NULL), SWARM_TASK) != NULL)
		return refuse(ret_error, -ENOTSUP,
			      "the template is a Swarm task: scale its service instead");
	return err;
}

static void adapt_config(cJSON *body, const cJSON *inspect, const char *target, int n)
{
	put(body, "Image", cJSON_CreateString(json_str(inspect, "Image")));
	drop(body, "Hostname");
	drop(body, "MacAddress");
	put(body, "Labels", make_labels(json_path(inspect, "Config", "Labels", NULL), target, n));
}

static void adapt_host(cJSON *body, cJSON *host)
{
	drop(host, "PortBindings");
	drop(host, "Links");
	drop(host, "ContainerIDFile");
	put(host, "PublishAllPorts", cJSON_CreateFalse());
	put(host, "AutoRemove", cJSON_CreateFalse());
	renew_binds(body, member(host, "Binds"));
	renew_mounts(member(host, "Mounts"));
}

int clone_make(const cJSON *inspect, const char *target, int n, bool many_networks,
	       struct clone *ret, struct clone_error *ret_error)
{
	const cJSON *networks = json_path(inspect, "NetworkSettings", "Networks", NULL);
	cJSON *body, *host, *connects;
	int err = check(inspect, ret_error);

	if (err < 0)
		return err;
	body = cJSON_Duplicate(json_get(inspect, "Config"), true);
	host = cJSON_Duplicate(json_get(inspect, "HostConfig"), true);
	connects = cJSON_CreateArray();
	put(body, "HostConfig", host);
	adapt_config(body, inspect, target, n);
	adapt_host(body, host);
	copy_networks(networks, many_networks, body, connects);
	*ret = (struct clone){.body = body, .connects = connects};
	return 0;
}

void clone_done(struct clone *c)
{
	cJSON_Delete(c->body);
	cJSON_Delete(c->connects);
	*c = (struct clone){0};
}
