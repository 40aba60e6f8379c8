/* Pure. Why a decision fell as it did. */
#include "planner/explain.h"

#include "common/json.h"

#define DECIMALS 3

cJSON *explain_build(const struct policy_config *config, const struct policy_decision *decision)
{
	cJSON *explain = cJSON_CreateObject();

	cJSON_AddStringToObject(explain, "policy", policy_label(config));
	cJSON *gates = cJSON_AddObjectToObject(explain, "gates");
	cJSON *numbers = cJSON_AddObjectToObject(explain, "numbers");
	for (int i = 0; i < decision->facts_n; i++) {
		const struct policy_fact *f = &decision->facts[i];
		if (f->is_gate)
			cJSON_AddBoolToObject(gates, f->name, f->value != 0);
		else
			json_add_round(numbers, f->name, f->value, DECIMALS);
	}
	return explain;
}
