package conformance

import "context"

// CheckOnly runs some of the cases.
func CheckOnly(ctx context.Context, h Harness, ids ...string) Report {
	var cases []Case
	for _, c := range catalogue() {
		for _, id := range ids {
			if c.ID == id {
				cases = append(cases, c)
			}
		}
	}
	return check(ctx, h, cases)
}

// Alone reports whether a case must run alone.
func Alone(id string) bool {
	for _, c := range catalogue() {
		if c.ID == id {
			return c.alone
		}
	}
	return false
}
