package rest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"notary/api"
)

// openAPI returns the OpenAPI document without its operations, which are registered separately.
func openAPI(version string) huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[api.ID](), reflect.TypeFor[idSchema]())
	registry.RegisterTypeAlias(reflect.TypeFor[api.Text](), reflect.TypeFor[textSchema]())
	registry.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[api.Error]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Notary", Version: version, Description: introduction,
				Contact: &huma.Contact{Name: "The operator of this server"},
				License: &huma.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"}},
			Servers: []*huma.Server{{URL: "/", Description: "This server"}},
			Tags:    openAPITags(),
			Components: &huma.Components{
				Schemas:   registry,
				Responses: failureResponses(registry),
				Headers:   responseHeaders,
				SecuritySchemes: map[string]*huma.SecurityScheme{bearer: {Type: "http", Scheme: "bearer",
					Description: "The token that `POST /login` returns."}},
			},
			OnAddOperation: []huma.AddOpFunc{addResponses},
		},
		Formats:                      map[string]huma.Format{typeJSON: strictJSON},
		DefaultFormat:                typeJSON,
		RejectUnknownQueryParameters: true,
	}
}

const introduction = "Certificate requests, certificates and the certificate authorities (CAs) that sign them.\n\n" +
	"A success is `{\"result\": …}`; a failure is `{\"error\", \"code\"}`, with the `field` at fault if there is one. " +
	"Times are RFC 3339 in UTC. An empty string for an optional value means that it is absent."

var tags = []struct {
	name, description string
	segments          []string
}{
	{"Certificate requests", "CSRs (PKCS #10) and their approval.", []string{"certificate_requests"}},
	{"Certificates", "The inventory: every certificate issued, uploaded or imported.", []string{"certificates"}},
	{"Certificate authorities", "The CAs whose keys this server holds, and their CRLs.",
		[]string{"certificate_authorities"}},
	{"Profiles", "The rules for issuing certificates.", []string{"profiles"}},
	{"Rules", "What decides about requests without a person.", []string{"rules"}},
	{"Overview", "Counts and items that need attention.", []string{"overview", "summary"}},
	{"Events", "The audit log.", []string{"events"}},
	{"Accounts", "Accounts and their roles.", []string{"accounts"}},
	{"Groups and grants", "Permissions in addition to roles.", []string{"groups", "grants", "permissions"}},
	{"API tokens", "Bearer tokens of programs.", []string{"tokens"}},
	{"Sessions", "Logins: bearer tokens and browser sessions.", []string{"login", "logout", "sessions"}},
	{"Inspection", "Decoding of certificates, CSRs, CRLs and keys.", []string{"inspect"}},
	{"Server", "Health, settings and the clock.", []string{"status", "settings", "clock"}},
}

func openAPITags() (all []*huma.Tag) {
	for _, tag := range tags {
		all = append(all, &huma.Tag{Name: tag.name, Description: tag.description})
	}
	return all
}

func tagOf(path string) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, "/api/v1"), "/"), "/")
	for _, tag := range tags {
		if slices.Contains(tag.segments, segment) {
			return tag.name
		}
	}
	panic("no tag for " + path)
}

type idSchema struct{}

func (idSchema) Schema(huma.Registry) *huma.Schema {
	least, most := 1.0, 1e15 // up to here, integers are exact in every client
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Pattern: `^[1-9][0-9]{0,14}$`},
		{Type: huma.TypeInteger, Minimum: &least, Maximum: &most},
	}}
}

type textSchema struct{}

func (textSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString}
}

// serveOpenAPI serves the OpenAPI document as JSON and YAML, each encoded on first request.
func serveOpenAPI(mux *http.ServeMux, document *huma.OpenAPI) {
	serve := func(path, contentType string, encode func() ([]byte, error)) {
		encoded := sync.OnceValues(encode)
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			body, err := encoded()
			if err != nil {
				panic(err) // the document depends on code alone, which tests cover
			}
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(body) // the client may be gone
		})
	}
	serve("/api/v1/openapi.json", typeJSON, func() ([]byte, error) { return json.Marshal(document) })
	serve("/api/v1/openapi.yaml", "application/yaml", document.YAML) // RFC 9512
}
