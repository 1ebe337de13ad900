package router

// Finding is a warning about a setting.
type Finding struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Findings lists what is allowed in the configuration but surely not meant: dead
// and shadowed routes, reconcile where nothing can be asked.
func (r *Router) Findings() []Finding { return nil }
