package resttest

import (
	"io/fs"
	"net/http"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/provider"
)

// Account is what the conformance suite needs to judge a recipe, made of the
// recipe and its fixtures. Its fields are those of conformance.Harness with the
// same names.
type Account struct {
	Open    func(url string) (provider.Provider, error)
	Replies fs.FS
	Secrets []string
	Text    func(r *http.Request, body []byte) (to, text string)
}

// NewAccount makes the account that a recipe's example stands for.
func NewAccount(r *rest.Recipe) (Account, error) {
	replies, err := Replies(r)
	if err != nil {
		return Account{}, err
	}
	h := Account{
		Open:    func(url string) (provider.Provider, error) { return Open(r, url, anyText(r)) },
		Replies: replies,
		Text:    func(req *http.Request, body []byte) (to, text string) { return sentBy(r, req, body) },
	}
	for _, s := range r.Settings {
		if s.Secret && r.Example[s.Name] != "" {
			h.Secrets = append(h.Secrets, r.Example[s.Name])
		}
	}
	return h, nil
}

// anyText registers a text that every text is an instance of, at vendors that
// want texts to be registered.
func anyText(r *rest.Recipe) *rest.Fixture {
	f := &rest.Fixture{}
	for _, s := range r.Settings {
		if s.Templates {
			f.Texts = []rest.RegisteredText{{ID: "1", Text: "##text##"}}
		}
	}
	return f
}

func sentBy(r *rest.Recipe, req *http.Request, body []byte) (to, text string) {
	received, err := r.Received(req, body)
	if err != nil || len(received) == 0 {
		return "", ""
	}
	text = received[0]["text"]
	if variable, ok := received[0]["template_variables.text"]; ok {
		text = variable
	}
	return received[0]["to"], text
}
