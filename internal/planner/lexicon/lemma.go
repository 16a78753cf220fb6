package lexicon

import "strings"

// irregular plurals, and words that look plural and are not.
var irregular = pairs(`people:person men:man women:woman children:child feet:foot teeth:tooth geese:goose mice:mouse
	lives:life wives:wife knives:knife leaves:leaf halves:half shelves:shelf wolves:wolf thieves:thief
	criteria:criterion phenomena:phenomenon data:data media:media indices:index matrices:matrix vertices:vertex analyses:analysis
	series:series species:species status:status statuses:status address:address addresses:address
	bus:bus buses:bus gas:gas gases:gas class:class process:process business:business access:access
	news:news sports:sport physics:physics mathematics:mathematics politics:politics economics:economics
	has:have had:have having:have is:be are:be was:be were:be been:be being:be does:do did:do
	movies:movie cookies:cookie ties:tie dies:die lies:lie pies:pie calories:calorie
	aircrafts:aircraft staffs:staff medias:media this:this its:its his:his thus:thus less:less plus:plus as:as us:us
	campus:campus campuses:campus bonus:bonus virus:virus census:census basis:basis crisis:crisis thesis:thesis
	lens:lens canvas:canvas atlas:atlas christmas:christmas always:always across:across`)

// Lemma gives a word's dictionary form as far as plurals go: cities, city;
// boxes, box. Verbs are left to Stem.
func Lemma(w string) string {
	if l, ok := irregular[w]; ok {
		return l
	}
	n := len(w)
	switch {
	case w == "ids":
		return "id"
	case n <= 3 || !strings.HasSuffix(w, "s") || strings.HasSuffix(w, "ss") || strings.HasSuffix(w, "us") || strings.HasSuffix(w, "is"):
		return w
	case strings.HasSuffix(w, "ies"):
		return w[:n-3] + "y"
	case strings.HasSuffix(w, "sses") || strings.HasSuffix(w, "xes") || strings.HasSuffix(w, "ches") || strings.HasSuffix(w, "shes") || strings.HasSuffix(w, "zzes"):
		return w[:n-2]
	case strings.HasSuffix(w, "oes"):
		return w[:n-2]
	}
	return w[:n-1]
}

// Stem takes a verb's or noun's ending off as well: registered, registering
// and registration share a stem. Two words with one stem are near, not equal.
func Stem(w string) string {
	w = Lemma(w)
	if s, ok := irregularVerbs[w]; ok {
		w = s
	}
	for _, end := range stemEndings {
		if base, ok := strings.CutSuffix(w, end); ok && len(base) >= 3 {
			w = base
			break
		}
	}
	if n := len(w); n > 3 && w[n-1] == w[n-2] && w[n-1] != 's' {
		w = w[:n-1]
	}
	return strings.TrimRight(w, "ey")
}

var stemEndings = strings.Fields("ization isation ations ation ators ator ments ment ings ing ated ates ate ions ion ers er ors or ed es ally al ship ity")

var irregularVerbs = pairs(`taught:teach bought:buy sold:sell won:win made:make held:hold given:give gave:give taken:take took:take
	written:write wrote:write went:go gone:go paid:pay said:say sent:send spent:spend built:build led:lead left:leave lost:lose
	met:meet ran:run sat:sit saw:see seen:see spoke:speak spoken:speak stood:stand told:tell thought:think wore:wear worn:wear
	born:birth known:know grew:grow grown:grow drove:drive driven:drive flew:fly flown:fly chose:choose chosen:choose began:begin
	begun:begin broke:break broken:break brought:bring came:come drew:draw drawn:draw ate:eat eaten:eat fell:fall fallen:fall
	got:get gotten:get hid:hide hidden:hide kept:keep sang:sing sung:sing lent:lend rode:ride ridden:ride swam:swim swum:swim
	threw:throw thrown:throw understood:understand woke:wake shot:shoot sought:seek fought:fight caught:catch found:find
	publish:public published:public publishes:public publishing:public departure:depart attendance:attend performance:perform entrance:enter residence:reside
	residency:reside sale:sell sales:sell marriage:marry growth:grow death:die died:die flight:fly gift:give service:serve production:produce product:produce
	description:describe decision:decide division:divide permission:permit admission:admit submission:submit deaths:die`)

// abbreviations are name parts that stand for a word in schemas of every trade.
var abbreviations = pairs(`num:number no:number nbr:number nr:number qty:quantity amt:amount avg:average max:maximum min:minimum
	dept:department emp:employee mgr:manager desc:description descr:description addr:address tel:telephone ph:phone
	pct:percent perc:percent yr:year yrs:year mth:month dob:birth~date birthday:birth~date birthdate:birth~date lat:latitude lng:longitude lon:longitude long:longitude
	cat:category std:standard temp:temperature org:organization organisation:organization org:organization acct:account cust:customer prod:product
	stu:student fac:faculty prof:professor inst:institution univ:university loc:location pos:position pop:population
	info:information img:image pic:picture msg:message ref:reference src:source dest:destination dst:destination
	lang:language lname:last~name fname:first~name fullname:full~name surname:last~name forename:first~name
	firstname:first~name lastname:last~name givenname:first~name familyname:last~name username:user~name
	acc:account bal:balance sal:salary tot:total cred:credit spd:speed ht:height wt:weight apt:apartment bldg:building rm:room
	cd:code ctr:country ctry:country attr:attribute grp:group lvl:level mkt:market prc:price pmt:payment
	yn:flag ts:time dt:date tm:time colour:color grey:gray centre:center programme:program theatre:theater licence:license
	telephone:phone mail:email e-mail:email zipcode:zip~code postcode:postal~code`)

// Expand gives the word an abbreviation stands for, itself when it stands for
// none. One abbreviation may stand for two words.
func Expand(w string) []string {
	if full, ok := abbreviations[w]; ok {
		return strings.Split(full, "~")
	}
	return []string{w}
}

// Abbreviates tells whether short could be written for word: same first
// letter, its letters in word's order, and either a prefix of three letters
// or more, or half of the consonants.
func Abbreviates(short, word string) bool {
	if len(short) < 2 || len(short) >= len(word) || short[0] != word[0] {
		return false
	}
	if strings.HasPrefix(word, short) {
		return len(short) >= 3
	}
	if _, ok := abbreviations[short]; ok {
		return strings.Join(Expand(short), "") == word
	}
	at := 0
	for i := 0; i < len(word) && at < len(short); i++ {
		if word[i] == short[at] {
			at++
		}
	}
	return at == len(short) && len(short) >= 3 && !strings.ContainsAny(short[1:], "aeiou")
}

// SplitName splits a name of a schema into its words: snake_case, camelCase,
// letters from digits.
func SplitName(name string) []string {
	var words []string
	start, runes := 0, []rune(name)
	cut := func(end int) {
		if end > start {
			words = append(words, Expand(Lemma(strings.ToLower(string(runes[start:end]))))...)
		}
	}
	for i, r := range runes {
		switch {
		case !isLetter(r) && !isDigit(r):
			cut(i)
			start = i + 1
		case i > start && r == 'D' && runes[i-1] == 'I' && i+1 < len(runes) && runes[i+1] == 's': // IDs
		case i > start && isUpper(r) && (!isUpper(runes[i-1]) || i+1 < len(runes) && isLower(runes[i+1]) && !plainUpper(runes, start)):
			cut(i)
			start = i
		case i > start && isDigit(r) != isDigit(runes[i-1]):
			cut(i)
			start = i
		}
	}
	cut(len(runes))
	return joined(parted(words))
}

// endNouns are what names written in one go end in: releasedate, songname.
var endNouns = strings.Fields("date name time year number status title price id code type count")

// whole are words that end so and are one.
var whole = set(`candidate update validate mandate nickname surname filename lifetime runtime overtime sometime anytime maritime pastime subtitle entitle estate
	centime ragtime bedtime daytime nighttime username birthdate hostname pathname codename uptime downtime noontime wartime peacetime springtime summertime lunchtime antedate sedate consolidate
	paid unpaid prepaid repaid overpaid underpaid valid invalid solid rapid fluid avid grid android hybrid orchid squid raid braid humid lucid morbid placid plaid rabid rigid splendid
	stupid timid vivid steroid asteroid lipid horrid candid liquid arid pyramid tabloid thyroid typhoid paranoid avoid devoid forbid overbid outbid afraid mermaid bridesmaid centroid
	humanoid eyelid cuboid druid torrid putrid pallid sordid squalid frigid insipid intrepid lurid tepid acrid florid mastoid sigmoid ovoid haploid polaroid covid orchids madrid david
	barcode decode encode unicode geocode postcode zipcode opcode passcode transcode discount account viscount recount headcount miscount prototype archetype stereotype genotype
	phenotype serotype subtype
	liquidate invalidate intimidate accommodate inundate dilapidate elucidate`)

// parted splits names that are written in one go before the noun that they
// end in.
func parted(words []string) []string {
	out := words[:0:0]
	for _, w := range words {
		end := ""
		for _, e := range endNouns {
			if strings.HasSuffix(w, e) && len(w) >= len(e)+3 && !whole[w] && plainLetters(w) {
				end = e
				break
			}
		}
		if end == "" {
			out = append(out, w)
			continue
		}
		out = append(out, Expand(Lemma(strings.TrimSuffix(w, end)))...)
		out = append(out, end)
	}
	return out
}

func plainLetters(w string) bool { return strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" }

// joined reads one letter before a word as a part of it where that gives an
// abbreviation: L, Name is a last name.
func joined(words []string) []string {
	out := words[:0:0]
	for i := 0; i < len(words); i++ {
		if len(words[i]) == 1 && i+1 < len(words) {
			if full := Expand(words[i] + words[i+1]); len(full) > 1 {
				out = append(out, full...)
				i++
				continue
			}
		}
		out = append(out, words[i])
	}
	return out
}

// plainUpper tells that a name is upper case throughout but for a plural s
// ("IDs"), where a capital starts no new word.
func plainUpper(runes []rune, start int) bool {
	n := 0
	for _, r := range runes[start:] {
		if isLower(r) {
			n++
		}
	}
	return n == 0
}

func isLetter(r rune) bool { return isUpper(r) || isLower(r) || r > 127 }
func isUpper(r rune) bool  { return r >= 'A' && r <= 'Z' }
func isLower(r rune) bool  { return r >= 'a' && r <= 'z' }
func isDigit(r rune) bool  { return r >= '0' && r <= '9' }

func pairs(s string) map[string]string {
	m := map[string]string{}
	for p := range strings.FieldsSeq(s) {
		k, v, _ := strings.Cut(p, ":")
		m[k] = v
	}
	return m
}

var numberWords = pairs(`zero:0 one:1 two:2 three:3 four:4 five:5 six:6 seven:7 eight:8 nine:9 ten:10 eleven:11 twelve:12
	thirteen:13 fourteen:14 fifteen:15 sixteen:16 seventeen:17 eighteen:18 nineteen:19 twenty:20 thirty:30 forty:40 fifty:50
	sixty:60 seventy:70 eighty:80 ninety:90 hundred:100 thousand:1000 million:1000000 once:1 twice:2`)
