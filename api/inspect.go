package api

// Inspect is the body of a call that inspects PEM or DER input.
type Inspect struct {
	Text string `json:"text" doc:"PEM, or DER in base64"`
}

// Inspection is the result of inspecting PEM or DER input.
type Inspection struct {
	Wrong   bool              `json:"wrong" doc:"Whether there is any error or warning"`
	Objects []InspectedObject `json:"objects" nullable:"false" doc:"In the order of the input, a container before its content; with several certificates, the last object is their chain"`
}

// InspectedObject is an object in the input. Of the content fields, only the one for its kind is set.
type InspectedObject struct {
	Kind        string              `json:"kind" example:"certificate"`
	Name        string              `json:"name" doc:"The holder; empty for a key"`
	Certificate map[string]any      `json:"certificate,omitempty"`
	Request     map[string]any      `json:"certificate_request,omitempty"`
	CRL         map[string]any      `json:"crl,omitempty"`
	OCSP        map[string]any      `json:"ocsp_response,omitempty"`
	Container   map[string]any      `json:"container,omitempty" doc:"For PKCS #7 and PKCS #12"`
	Key         map[string]any      `json:"key,omitempty" doc:"For private and public keys"`
	Chain       map[string]any      `json:"chain,omitempty"`
	Problems    []InspectionProblem `json:"problems" nullable:"false"`
}

// InspectionProblem is an error, a warning or a remark about an object.
type InspectionProblem struct {
	Code     string `json:"code" example:"expired" doc:"A stable identifier"`
	Level    string `json:"level" enum:"error,warning,notice"`
	Message  string `json:"message"`
	Citation string `json:"citation,omitempty" doc:"The clause that requires it"`
}
