package rest

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

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
