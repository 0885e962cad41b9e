package api

// Inspect asks what a text is.
type Inspect struct {
	Text string `json:"text" doc:"PEM, or DER in base64"`
}

// Inspection says what was found in a text, and what is wrong with it.
type Inspection struct {
	Wrong   bool              `json:"wrong" doc:"Whether there is any error or warning"`
	Objects []InspectedObject `json:"objects" nullable:"false" doc:"In their order, a container before what it holds; of several certificates the last object is the chain that they make"`
}

// InspectedObject is one thing that was found, with its facts in the field of its kind.
type InspectedObject struct {
	Kind        string              `json:"kind" example:"certificate"`
	Name        string              `json:"name" doc:"Whose it is; empty for a key"`
	Certificate map[string]any      `json:"certificate,omitempty"`
	Request     map[string]any      `json:"certificate_request,omitempty"`
	CRL         map[string]any      `json:"crl,omitempty"`
	OCSP        map[string]any      `json:"ocsp_response,omitempty"`
	Container   map[string]any      `json:"container,omitempty" doc:"Of PKCS #7 and PKCS #12"`
	Key         map[string]any      `json:"key,omitempty" doc:"Of private and public keys"`
	Chain       map[string]any      `json:"chain,omitempty"`
	Problems    []InspectionProblem `json:"problems" nullable:"false"`
}

// InspectionProblem is something wrong with an object, or worth knowing.
type InspectionProblem struct {
	Code     string `json:"code" example:"expired" doc:"A stable word"`
	Level    string `json:"level" enum:"error,warning,notice"`
	Message  string `json:"message"`
	Citation string `json:"citation,omitempty" doc:"The clause that says so"`
}
