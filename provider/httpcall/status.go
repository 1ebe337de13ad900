package httpcall

import "github.com/anysms/anysms/provider"

// statusCode says what a status without a documented body proves. Caution is
// needed: proxies send 502 and 504, and some even 503, after they forwarded a
// request, and a web form that accepted a POST sends 302.
func statusCode(status int, retryAfter bool) provider.Code {
	switch status {
	case 401, 407:
		return provider.Unauthenticated
	case 402:
		return provider.InsufficientFunds
	case 429:
		return provider.RateLimited
	case 408, 409, 301, 302, 303:
		return provider.Indeterminate
	case 307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 501, 505, 451:
		return provider.Unavailable // this address did not take it
	case 503:
		if retryAfter {
			return provider.Unavailable
		}
		return provider.Indeterminate
	}
	if status >= 400 && status <= 499 {
		return provider.Rejected
	}
	return provider.Indeterminate
}
