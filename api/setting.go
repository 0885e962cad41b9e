package api

// Setting is one of the settings with which the server runs.
type Setting struct {
	Key    string `json:"key" example:"crl_delay"`
	Value  string `json:"value" doc:"As it is in force; empty where it is not used, and for a secret"`
	Source string `json:"source" enum:"default,file,environment,flag" doc:"What decided on it"`
	Where  string `json:"where" doc:"The file and key, variable or flag that it comes from; empty for a default"`
	Secret bool   `json:"secret" doc:"Whether it is set and kept to the server"`
}
