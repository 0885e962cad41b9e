package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"

	"notary"
	"notary/api"
)

// readProfile reads a profile from a JSON or YAML file. It accepts the output of notary profile show --json, including
// fields that only the server sets, such as the ID.
func (p *program) readProfile(ctx context.Context, name string) (api.Profile, error) {
	content, err := p.readInput(ctx, name)
	if err != nil {
		return api.Profile{}, err
	}
	if name == "-" {
		name = "standard input"
	}
	return parseProfile(name, content)
}

func parseProfile(name, content string) (e api.Profile, err error) {
	invalid := func(err error) error {
		text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "yaml: "), "json: ")
		return notary.Errorf(notary.Invalid, "%s is not a valid profile: %s", name,
			strings.Join(strings.Fields(text), " "))
	}
	var values map[string]any // YAML is a superset of JSON
	if err := yaml.Unmarshal([]byte(strings.TrimPrefix(content, "\ufeff")), &values); err != nil {
		return e, invalid(err)
	}
	if values == nil {
		return e, notary.Errorf(notary.Invalid, "%s is empty: write a profile in the format of notary profile show "+
			"NAME --json", name)
	}
	if result, ok := values["result"].(map[string]any); ok && len(values) == 1 { // a response of the API
		values = result
	}
	if _, ok := values["Profile"]; ok {
		return e, notary.Errorf(notary.Invalid, "%s is the text output of notary profile show: "+
			"use the output of notary profile show --json", name)
	}
	text, err := json.Marshal(values)
	if err != nil {
		return e, invalid(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return e, invalid(err)
	}
	return e, nil
}
