package api

// Setting is one of the server's settings.
type Setting struct {
	Key    string `json:"key" example:"crl_delay"`
	Value  string `json:"value" doc:"Effective value; empty if unset, and for a secret"`
	Source string `json:"source" enum:"default,file,environment,flag" doc:"Where the value comes from"`
	Where  string `json:"where" doc:"The file and key, variable or flag that it comes from; empty for a default"`
	Secret bool   `json:"secret" doc:"Whether a value is set but never shown"`
}
