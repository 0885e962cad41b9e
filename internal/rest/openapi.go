package rest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"notary/api"
)

// openAPI describes the API as a whole. The calls add themselves.
func openAPI(version string) huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[api.ID](), reflect.TypeFor[idSchema]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Notary", Version: version, Description: "Certificate requests, certificates and the authorities that sign them."},
			Components: &huma.Components{
				Schemas:         registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{bearer: {Type: "http", Scheme: "bearer"}},
			},
		},
		Formats:                      map[string]huma.Format{typeJSON: strictJSON},
		DefaultFormat:                typeJSON,
		RejectUnknownQueryParameters: true,
	}
}

// idSchema describes [api.ID].
type idSchema struct{}

func (idSchema) Schema(huma.Registry) *huma.Schema {
	least, most := 1.0, 1e15 // as far as JSON numbers are exact everywhere
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Pattern: `^[1-9][0-9]{0,14}$`, PatternDescription: "a positive integer"},
		{Type: huma.TypeInteger, Minimum: &least, Maximum: &most},
	}}
}

// serveOpenAPI serves the description of the calls, as JSON and YAML. It is made when it is
// first asked for, and once.
func serveOpenAPI(mux *http.ServeMux, document *huma.OpenAPI) {
	serve := func(path, contentType string, encode func() ([]byte, error)) {
		encoded := sync.OnceValues(encode)
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			body, err := encoded()
			if err != nil {
				panic(err) // the calls describe themselves in types: the tests would have shown it
			}
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(body) // the client may be gone
		})
	}
	serve("/api/v1/openapi.json", typeJSON, func() ([]byte, error) { return json.Marshal(document) })
	serve("/api/v1/openapi.yaml", "application/yaml", document.YAML) // RFC 9512
}
