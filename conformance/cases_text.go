package conformance

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// textCase is a set of texts that must arrive unchanged.
type textCase struct {
	id    string
	level Level
	core  bool
	texts []string
	// mayRefuse: the driver may return unsupported or invalid_message without a
	// request, for a vendor's documented placeholders, or for characters that its
	// format cannot carry.
	mayRefuse bool
	why       string
}

func textCases() []Case {
	const gsm = "3GPP TS 23.038 §6.2.1"
	var cases []Case
	for _, c := range []struct {
		textCase
		source string
	}{
		{textCase{id: "text.gsm7", core: true, texts: gsm7Texts(),
			why: "every vendor supports the default alphabet; ASCII substitutes and lost accents change names and prices"}, gsm},
		{textCase{id: "text.extension", core: true, texts: []string{"Price: 10€ [a] {b} ^c\\d~e|f", "€", "{}", "[]", "|~\\^"},
			why: "careless code drops or doubles characters of the extension table, such as the euro sign"}, gsm},
		{textCase{id: "text.greek", core: true, texts: []string{"Καλημέρα, ο κωδικός σας είναι 482913", "ΚΑΛΗΜΕΡΑ", "ά έ ή ί ό ύ ώ ΐ ΰ ς"},
			why: "a text outside GSM-7 turns into question marks if the driver does not request UCS-2"}, gsm},
		{textCase{id: "text.scripts", core: true, texts: []string{"Ваш код подтверждения", "رمز التحقق الخاص بك", "您的验证码是", "あなたの認証コード", "קוד האימות שלך", "รหัสยืนยัน", "तीन"},
			why: "texts in any script must arrive"}, gsm},
		{textCase{id: "text.emoji", core: true, texts: []string{"👍", "👩‍👩‍👧‍👦 family", "🇬🇷🏳️‍🌈", "e\u0301 o\u0308", "x\u200dy"},
			why: "code that counts 16-bit units splits code points beyond the basic plane, and code that normalises changes joined sequences"}, "3GPP TS 23.038 §6.2.3"},
		{textCase{id: "text.long", core: true, texts: []string{strings.Repeat("0123456789", 40), strings.Repeat("Καλημέρα! ", 40), strings.Repeat("long text ", 160)},
			why: "silently truncating a text is worse than refusing it"}, contract + ", Message.Text"},
		{textCase{id: "text.quotes", core: true, texts: []string{`"quoted" 'single' \backslash\n`, `</text><to>x</to>`, `a&b=c&to=1`, `a+b %2B %20 100%`, `&amp; &lt;`, `{"to":"x"}`, "a;b,c|d", "<![CDATA[x]]>"},
			why: "a text that is inserted into JSON, XML or a form without encoding breaks the request, or injects into it"}, "CWE-74"},
		{textCase{id: "text.white-space", core: true, texts: []string{" leading and trailing ", "two  blanks", "line\nbreak", "trailing\n", "a\u00a0b", "\u200b"},
			why: "white space is part of a text; trimming it changes codes and signatures"}, contract + ", Message.Text"},
		{textCase{id: "text.braces", core: true, texts: []string{"{zq7}", "[zq7]", "{{zq7}}", "${zq7}", "%zq7%", "<zq7>", "#zq7#", "$zq7", "%s %d %v", "{0} {1}", "{", "}", "[", "]", "((", "%", "$", "#"},
			why: "a driver with templates must not interpret the caller's text as one"}, contract + ", Message.Text"},
		{textCase{id: "text.placeholders", core: true, mayRefuse: true, texts: []string{"{name}", "{{name}}", "[Firstname]", "[Name]", "{first_name}", "%NAME%", "${name}", "{to}", "{{to}}", "{text}", "{{.Text}}", "[[mobile]]", "#name#", "<name>"},
			why: "a text with a placeholder that the vendor documents must be refused; any other text must arrive unchanged"}, contract + ", Message.Text"},
		{textCase{id: "text.typographic", core: true, texts: []string{"“Hello” ‘you’", "it’s 5–6 — or…", "«a» ‹b› „c‟", "a•b·c ™ © №", "1\u202f000\u2009€", "non\u2011break soft\u00adhyphen", "１２３ ＡＢＣ ﬁ ½ ²"},
			why: "replacing typographic characters changes what the sender wrote, and the price, without being asked; only the router may do it"}, contract + ", Message.Text"},
		{textCase{id: "text.line-ends", core: true, mayRefuse: true, texts: []string{"a\r\nb", "a\nb\n\nc", "a\rb", "\r\n"},
			why: "a line end that is converted changes the length, and with it the number of segments"}, contract + ", Message.Text"},
		{textCase{id: "text.control", level: Should, mayRefuse: true, texts: []string{"tab\there", "bell\x07", "form\x0cfeed", "esc\x1b[0m", "nul\x00"},
			why: "copied texts contain control characters; they must not be dropped silently"}, contract + ", Message.Text"},
	} {
		tc := c.textCase
		if tc.level == "" {
			tc.level = Must
		}
		cases = append(cases, Case{ID: tc.id, Level: tc.level, Core: tc.core, needs: aLab, Why: tc.why, Source: c.source, Fix: tc.fix(), run: tc.run})
	}
	return cases
}

// gsm7Texts contain every printable character of the default alphabet.
func gsm7Texts() []string {
	return []string{
		"@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?",
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
		"Hello",
	}
}

func (c textCase) fix() string {
	switch {
	case c.id == "text.long":
		return "never cut a text: let the vendor split it, or refuse it as unsupported if it exceeds the limits in Capabilities"
	case c.mayRefuse:
		return "pass the text on as it is; what the vendor would replace, refuse as unsupported without a request"
	case c.id == "text.quotes":
		return "build the request with an encoder (encoding/json, url.Values, encoding/xml), never with string concatenation"
	}
	return "pass the text on as it is, in the encoding that the vendor documents; if the suite cannot read that encoding, give the harness Text"
}

func (c textCase) run(t *trial) {
	b := t.bench(accept)
	limits := b.capabilities()
	if c.id == "text.placeholders" {
		for _, placeholder := range t.accepted().magic {
			b.wantUnsupported(t.plain("zq " + placeholder))
		}
	}
	fitting := 0
	for _, text := range c.texts {
		before := len(b.taken())
		r := b.send(t.message(text))
		requests := b.taken()[before:]
		if r.err == nil {
			fitting++
			t.checkArrived(requests, text)
			continue
		}
		refused := provider.CodeOf(r.err) == provider.Unsupported || provider.CodeOf(r.err) == provider.InvalidMessage
		if refused && len(requests) == 0 && (c.mayRefuse || exceeds(text, limits)) {
			continue
		}
		fitting++
		t.failf("text %s: Send returned %s, want accepted", show(text), r)
	}
	if fitting == 0 {
		t.notApplicable("the driver refuses all of these texts without a request, as its capabilities or the vendor's placeholders permit")
	}
}

func (t *trial) checkArrived(requests []received, text string) {
	switch {
	case len(requests) != 1:
		t.failf("text %s: %d requests, want 1", show(text), len(requests))
	case requests[0].message == nil:
		t.failf("text %s: the recipient is not in the request; if the vendor has a special encoding, the harness needs Text. The request: %s", show(text), requests[0].Print)
	case !requests[0].exact:
		t.failf("text %s is not in the request unchanged; if the vendor has a special encoding, the harness needs Text. The request: %s", show(text), requests[0].Print)
	}
}

// exceeds reports whether a text exceeds the limits in the capabilities.
func exceeds(text string, limits provider.Capabilities) bool {
	if limits.MaxCharacters > 0 && utf8.RuneCountInString(text) > limits.MaxCharacters {
		return true
	}
	a, err := segment.Analyze(text, nil)
	return err == nil && limits.MaxSegments > 0 && a.Segments > limits.MaxSegments
}

func show(text string) string {
	if utf8.RuneCountInString(text) > 40 {
		return fmt.Sprintf("%q… (%d characters)", string([]rune(text)[:40]), utf8.RuneCountInString(text))
	}
	return fmt.Sprintf("%q", text)
}
