package apifontest

import "net/http"

// Balance is the account's balance, in the vendor's decimal strings.
type Balance struct {
	Balance       string         `json:"balance"`
	Reserved      string         `json:"reserved"`
	Plafon        string         `json:"plafon"`
	Subscriptions []Subscription `json:"subscriptions"`
}

// Subscription is a prepaid bundle.
type Subscription struct {
	SenderID  string `json:"senderId"`
	Available string `json:"available"`
	Total     string `json:"total"`
	EndDate   string `json:"endDate"` // "Jun 30, 2018 11:59:59 PM"
}

var initialBalance = Balance{
	Balance: "9864.0", Reserved: "0.0", Plafon: "0.0",
	Subscriptions: []Subscription{{"Example", "300.0", "300.0", "Jun 30, 2030 11:59:59 PM"}},
}

// SetBalance changes the account's balance.
func (s *Server) SetBalance(b Balance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.Subscriptions == nil {
		b.Subscriptions = []Subscription{}
	}
	s.balance = b
}

// readBalance is POST /balance. The reference has no body; some customers send
// an empty object.
func (s *Server) readBalance(r *request) answer {
	if len(r.body) > 0 && string(r.body) != "{}" {
		return resourceError(http.StatusBadRequest, "Request validation Error(s)", nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return answer{status: http.StatusOK, body: s.balance}
}
