package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
)

const (
	cookieName  = "anysms_session"
	sessionLife = 12 * time.Hour
	maxSessions = 10_000
)

// sessions are who is signed in. They end with the process.
type sessions struct {
	now    func() time.Time
	secret []byte // that the tokens of forms are made with

	mu   sync.Mutex
	open map[string]session
}

// session is a browser that somebody has signed in with a key. The key is asked about
// again with every request: one that is taken out of the configuration ends it.
type session struct {
	key     string
	expires time.Time
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, secret: random(), open: make(map[string]session)}
}

func random() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return b
}

// begin opens a session and returns its cookie's value. With too many open, one of
// them ends.
func (s *sessions) begin(key string) string {
	id := base64.RawURLEncoding.EncodeToString(random())
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for other, old := range s.open {
		if len(s.open) >= maxSessions || now.After(old.expires) {
			delete(s.open, other)
		}
	}
	s.open[id] = session{key, now.Add(sessionLife)}
	return id
}

func (s *sessions) find(id string) (key string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.open[id]
	if !ok || s.now().After(found.expires) {
		return "", false
	}
	return found.key, true
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// token is what the forms of a session carry.
func (s *sessions) token(id string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func sameToken(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// enter finds out who makes a request; the visit has no client if nobody is signed in.
func (p *Page) enter(w http.ResponseWriter, r *http.Request) (*visit, *problem.Problem) {
	v := &visit{Request: r, w: w}
	if p.Gate.Open() {
		c, wrong := p.Gate.Client(r)
		if wrong != nil {
			return v, wrong
		}
		v.client, v.token = c, p.sessions.token("")
		return v, nil
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return v, nil
	}
	key, ok := p.sessions.find(cookie.Value)
	if !ok {
		return v, nil
	}
	if v.client, _ = p.Gate.Find(r, key); v.client == nil {
		p.sessions.end(cookie.Value)
		return v, nil
	}
	v.cookie, v.token = cookie.Value, p.sessions.token(cookie.Value)
	return v, nil
}

// signInForm is what the sign-in form shows.
type signInForm struct {
	Next  string
	Error string
}

func (p *Page) showSignIn(w http.ResponseWriter, r *http.Request) {
	v, wrong := p.enter(w, r)
	if wrong != nil {
		p.fail(v, wrong.Status, wrong.Detail)
		return
	}
	next := localPath(r.URL.Query().Get("next"))
	if v.client != nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	form := signInForm{Next: next}
	p.show(v, http.StatusOK, "sign-in", "Sign in", form.html())
}

// signIn checks a key that came in the form. Wrong ones are limited by address.
func (p *Page) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	v := &visit{Request: r, w: w}
	form := signInForm{Next: localPath(r.PostFormValue("next"))}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		p.fail(v, http.StatusForbidden, "A page of another site has sent this form.")
		return
	}
	key := strings.TrimSpace(r.PostFormValue("key"))
	c, wrong := p.Gate.Find(r, key)
	if wrong != nil || c == nil {
		status := http.StatusUnauthorized
		form.Error = "This key is not one of the gateway's keys."
		if wrong != nil && wrong.Status == http.StatusTooManyRequests {
			status, form.Error = wrong.Status, "Too many wrong keys from your address. Wait a minute, then try again."
		}
		p.show(v, status, "sign-in", "Sign in", form.html())
		return
	}
	http.SetCookie(w, p.newCookie(r, p.sessions.begin(key), int(sessionLife.Seconds())))
	http.Redirect(w, r, form.Next, http.StatusSeeOther)
}

func (p *Page) signOut(v *visit) {
	p.sessions.end(v.cookie)
	http.SetCookie(v.w, p.newCookie(v.Request, "", -1))
	p.done(v, "/sign-in")
}

// newCookie is a session's cookie, which no script can read and no other site makes a
// browser send.
func (p *Page) newCookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
}

// localPath is a path of the page, whatever somebody has put into a link.
func localPath(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") {
		return "/"
	}
	return s
}
