package rates

import (
	"fmt"
	"strings"
	"sync"
)

// countries are the codes of ISO 3166-1 alpha-2, and those that telephone numbers
// have beside them: Ascension (AC), Tristan da Cunha (TA), Kosovo (XK).
const countries = `
	AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ
	BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
	CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ
	DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
	GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY
	HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
	KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY
	MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ
	NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
	QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ
	TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ
	VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW`

var known = sync.OnceValue(func() map[string]bool {
	set := make(map[string]bool)
	for code := range strings.FieldsSeq(countries) {
		set[code] = true
	}
	return set
})

func isCountry(code string) bool { return known()[code] }

// meant are codes that people write for a country that has another one.
var meant = map[string]string{"UK": "GB", "GBR": "GB", "EL": "GR", "GRC": "GR", "USA": "US", "UAE": "AE", "DEU": "DE"}

// notACountry says what is wrong with a country, and what would be right.
func notACountry(written string) string {
	if code, ok := meant[strings.ToUpper(written)]; ok {
		return fmt.Sprintf("%q is not a country code; did you mean %q?", written, code)
	}
	return fmt.Sprintf("%q is not a country code of two letters such as GR (ISO 3166-1); empty means any country", written)
}
