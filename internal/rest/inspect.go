package rest

import (
	"context"
	"encoding/json"

	"notary"
	"notary/api"
	"notary/internal/inspect"
)

func (r *routes) inspections() {
	handle(r, operation{id: "inspect", method: "POST", path: "/api/v1/inspect", status: 200, errors: []int{422},
		summary: "Inspect certificates, CSRs, CRLs and keys",
		doc:     "Decodes the objects in a text and reports their problems. Nothing is recorded."}, r.inspect)
}

func (r *routes) inspect(_ context.Context, _ notary.Caller,
	in *struct{ Body api.Inspect }) (*answer[api.Inspection], error) {
	objects, err := inspect.Read([]byte(in.Body.Text), r.ca.Now())
	if err != nil {
		return nil, notary.WithField(err, "text")
	}
	inspect.ReportBlocked(objects, r.ca.Blocked)
	out := api.Inspection{Wrong: inspect.Wrong(objects)}
	out.Objects, err = objectsToAPI(objects)
	return result(out), err
}

// objectsToAPI converts objects through JSON, in which both types have the same field names.
func objectsToAPI(objects []inspect.Object) (out []api.InspectedObject, err error) {
	encoded, err := json.Marshal(objects)
	if err == nil {
		err = json.Unmarshal(encoded, &out)
	}
	if err != nil {
		return nil, notary.InternalError("encode the objects", err)
	}
	for i := range out {
		if out[i].Problems == nil {
			out[i].Problems = []api.InspectionProblem{}
		}
	}
	return out, nil
}
