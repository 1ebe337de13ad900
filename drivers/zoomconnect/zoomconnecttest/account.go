package zoomconnecttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/anysms/anysms/provider"
)

type user struct {
	UserID        int64   `json:"userId"`
	FirstName     string  `json:"firstName"`
	LastName      string  `json:"lastName"`
	EmailAddress  string  `json:"emailAddress"`
	ContactNumber string  `json:"contactNumber"`
	Company       string  `json:"company"`
	Password      *string `json:"password"` // null in answers
	CreditBalance float64 `json:"creditBalance"`
}

func (s *Server) accountRoutes(handle func(methods, path string, h handler)) {
	handle("GET", "/account/balance", s.balance)
	handle("GET", "/account/statistics", s.statistics)
	handle("POST", "/account/transfer", s.transfer)
	handle("GET", "/account/user", s.findUser)
	handle("PUT", "/account/user", s.createUser)
	handle("GET", "/account/user/{id}", s.withUser(func(_ *request, u *user) answer { return ok(u) }))
	handle("POST", "/account/user/{id}", s.withUser(updateUser))
}

// Credits returns the remaining credits of the account.
func (s *Server) Credits() provider.Money {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.credits
}

func (s *Server) balance(r *request) answer {
	if err := r.only(); err != nil {
		return bad(err)
	}
	return ok(map[string]any{"creditBalance": json.Number(s.credits.Amount()), "links": []any{}})
}

func (s *Server) statistics(r *request) answer {
	if err := r.only("from", "to", "userEmailAddress", "campaign", "includeRefundedAndOptout", "calculateCreditValue"); err != nil {
		return bad(err)
	}
	from, to := time.UnixMilli(0).In(zone), s.options.Now().In(zone)
	for name, t := range map[string]*time.Time{"from": &from, "to": &to} {
		if !r.query.Has(name) {
			continue
		}
		parsed, err := time.ParseInLocation("02-01-2006", r.query.Get(name), zone)
		if err != nil {
			return bad(fmt.Errorf("%s is not dd-MM-yyyy", name))
		}
		*t = parsed
	}
	counts := map[string]int{"delivered": 0, "sent": 0, "failed": 0, "failedRefunded": 0, "failedOptout": 0, "total": 0}
	names := map[string]string{"DELIVERED": "delivered", "SENT": "sent", "FAILED": "failed", "FAILED_REFUNDED": "failedRefunded", "FAILED_OPTOUT": "failedOptout"}
	for _, m := range s.messages {
		campaign := r.query.Get("campaign")
		if name, counted := names[m.Status]; counted && !m.Inbound && (campaign == "" || campaign == m.Campaign) {
			counts[name]++
			counts["total"]++
		}
	}
	owner := user{UserID: 1, EmailAddress: s.options.Email, FirstName: "A", LastName: "B"}
	return ok(map[string]any{
		"from": from.UnixMilli(), "to": to.UnixMilli(), "showingCreditValue": r.query.Get("calculateCreditValue") == "true",
		"grandTotal": counts,
		"users": []any{map[string]any{
			"user": owner, "total": counts,
			"campaigns": []any{map[string]any{"campaign": r.query.Get("campaign"), "statistics": counts}},
		}},
	})
}

func (s *Server) transfer(r *request) answer {
	var body struct {
		From    string  `json:"transferFromEmailAddress"`
		To      string  `json:"transferToEmailAddress"`
		Credits float64 `json:"numberOfCreditsToTransfer"`
	}
	if err := r.decode(&body); err != nil {
		return bad(err)
	}
	to := s.userByEmail(body.To)
	amount := int64(body.Credits * 1_000_000)
	switch {
	case body.From != s.options.Email || to == nil:
		return bad(fmt.Errorf("no such user"))
	case amount <= 0 || amount > s.credits.Micros:
		return bad(fmt.Errorf("not enough credits"))
	}
	s.credits.Micros -= amount
	to.CreditBalance += body.Credits
	return ok(to)
}

func (s *Server) userByEmail(email string) *user {
	i := slices.IndexFunc(s.users, func(u user) bool { return u.EmailAddress == email })
	if i < 0 {
		return nil
	}
	return &s.users[i]
}

func (s *Server) findUser(r *request) answer {
	if err := r.only("searchEmail"); err != nil || r.query.Get("searchEmail") == "" {
		return bad(fmt.Errorf("searchEmail is required"))
	}
	found := []user{}
	if u := s.userByEmail(r.query.Get("searchEmail")); u != nil {
		found = append(found, *u)
	}
	return ok(map[string]any{"webServiceUserList": found})
}

func (s *Server) createUser(r *request) answer {
	var u user
	if err := r.decode(&u); err != nil {
		return bad(err)
	}
	if u.FirstName == "" || u.LastName == "" || u.EmailAddress == "" || u.ContactNumber == "" || u.Password == nil {
		return bad(fmt.Errorf("firstName, lastName, emailAddress, contactNumber and password are required"))
	}
	u.UserID, u.Password, u.CreditBalance = s.nextID(), nil, 0
	s.users = append(s.users, u)
	return answer{http.StatusCreated, u}
}

func (s *Server) withUser(h func(*request, *user) answer) handler {
	return func(r *request) answer {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		i := slices.IndexFunc(s.users, func(u user) bool { return u.UserID == id })
		if err != nil || i < 0 {
			return absent
		}
		return h(r, &s.users[i])
	}
}

// updateUser changes what the guide says can be changed.
func updateUser(r *request, u *user) answer {
	var change user
	if err := r.decode(&change); err != nil {
		return bad(err)
	}
	u.FirstName, u.LastName, u.ContactNumber = change.FirstName, change.LastName, change.ContactNumber
	return ok(u)
}
