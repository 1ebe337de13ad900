package httpcall

// NewUnchecked is New without the check of the settings: what a name may resolve to
// can then be written as an address.
func NewUnchecked(config Config) (*Client, error) { return newClient(config, nil) }
