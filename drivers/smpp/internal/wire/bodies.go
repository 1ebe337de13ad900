package wire

// Address is a type of number, a numbering plan and an address.
type Address struct {
	TON, NPI byte
	Addr     string
}

// Bind is the body of the three bind requests.
type Bind struct {
	SystemID, Password, SystemType string
	Version                        byte
	Range                          Address
}

// ParseBind reads a bind request's body.
func ParseBind(body []byte) (Bind, error) {
	r := reader{rest: body}
	b := Bind{SystemID: r.text(), Password: r.text(), SystemType: r.text(), Version: r.octet(), Range: r.address()}
	return b, r.err
}

// Message is the body of submit_sm and deliver_sm.
type Message struct {
	ServiceType        string
	Source, Dest       Address
	ESMClass           byte
	ProtocolID         byte
	Priority           byte
	Schedule, Validity string
	RegisteredDelivery byte
	ReplaceIfPresent   byte
	DataCoding         byte
	DefaultMessageID   byte
	ShortMessage       []byte
	TLVs               TLVs
	Damaged            bool // parameters or octets after TLVs could not be read
}

// esm_class, SMPP 3.4 §5.2.12.
const (
	ESMClassUDHI         = 0x40
	ESMClassTypeMask     = 0x3C
	ESMClassReceipt      = 0x04
	ESMClassIntermediate = 0x20
)

// ParseMessage reads the body of submit_sm or deliver_sm. It fails only if a
// mandatory field is not there.
func ParseMessage(body []byte) (*Message, error) {
	r := reader{rest: body}
	m := &Message{
		ServiceType: r.text(), Source: r.address(), Dest: r.address(),
		ESMClass: r.octet(), ProtocolID: r.octet(), Priority: r.octet(),
		Schedule: r.text(), Validity: r.text(),
		RegisteredDelivery: r.octet(), ReplaceIfPresent: r.octet(), DataCoding: r.octet(), DefaultMessageID: r.octet(),
	}
	m.ShortMessage = r.octets(int(r.octet()))
	if r.err != nil {
		return nil, r.err
	}
	m.TLVs, m.Damaged = parseTLVs(r.rest)
	return m, nil
}

// ParseDataSM reads the body of data_sm, whose text is in message_payload.
func ParseDataSM(body []byte) (*Message, error) {
	r := reader{rest: body}
	m := &Message{
		ServiceType: r.text(), Source: r.address(), Dest: r.address(),
		ESMClass: r.octet(), RegisteredDelivery: r.octet(), DataCoding: r.octet(),
	}
	if r.err != nil {
		return nil, r.err
	}
	m.TLVs, m.Damaged = parseTLVs(r.rest)
	return m, nil
}

// Payload is the user data: short_message, or message_payload if that is empty.
func (m *Message) Payload() []byte {
	if len(m.ShortMessage) > 0 {
		return m.ShortMessage
	}
	t, _ := m.TLVs.Get(TagMessagePayload)
	return t.Value
}

// Query is the body of query_sm.
type Query struct {
	ID     string
	Source Address
}

// ParseQuery reads the body of query_sm.
func ParseQuery(body []byte) (Query, error) {
	r := reader{rest: body}
	q := Query{ID: r.text(), Source: r.address()}
	return q, r.err
}

// QueryResult is the body of query_sm_resp.
type QueryResult struct {
	ID        string
	FinalDate string
	State     byte
	ErrorCode byte
}

// ParseQueryResult reads the body of query_sm_resp.
func ParseQueryResult(body []byte) (QueryResult, error) {
	r := reader{rest: body}
	q := QueryResult{ID: r.text(), FinalDate: r.text(), State: r.octet(), ErrorCode: r.octet()}
	return q, r.err
}

// Append appends the body.
func (q QueryResult) Append(dst []byte) []byte {
	dst = append(append(dst, q.ID...), 0)
	dst = append(append(dst, q.FinalDate...), 0)
	return append(dst, q.State, q.ErrorCode)
}

// Cancel is the body of cancel_sm.
type Cancel struct {
	ServiceType  string
	ID           string
	Source, Dest Address
}

// ParseCancel reads the body of cancel_sm.
func ParseCancel(body []byte) (Cancel, error) {
	r := reader{rest: body}
	c := Cancel{ServiceType: r.text(), ID: r.text(), Source: r.address(), Dest: r.address()}
	return c, r.err
}
