package resttest

import (
	"net/http"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/provider"
)

// Harness is what the conformance suite needs to judge a recipe. It is made of
// the recipe and its fixtures.
func Harness(r *rest.Recipe) (conformance.Harness, error) {
	replies, err := Replies(r)
	if err != nil {
		return conformance.Harness{}, err
	}
	h := conformance.Harness{
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
