package lexicon

import "strings"

// Ideas are what an adjective measures, as words of column names to look for
// in turn; a leading minus turns the direction round (the oldest person was
// born first).
var Ideas = ideas(`age: age -birth -born -birthdate -founded -opened -built -established -year -date
time: date year time -age day month
length: length duration runtime distance minute millisecond second time height
height: height
weight: weight
price: price cost fee rate amount total
speed: speed velocity mph
area: area size
pay: salary wage pay
population: population
capacity: capacity occupancy seat size
popularity: popularity rating
rating: rating score rank grade
distance: distance mileage
high: height elevation altitude
big: area size population capacity enrollment`)

// Near are words that mean the same in most schemas, each way round.
var near = nearWords(`gender sex
money amount
money total
money price
percent percentage
nationality country citizenship
country nation
price cost
phone telephone cellphone
location place
salary wage pay
surname lastname
birthdate birthday dob
employee staff worker
title name
identifier id
picture photo
film movie
occupation job profession
job position
kind type
type category
capacity size
capacity occupancy
teacher instructor
lecturer professor
customer client
company firm
city town
homepage website
rating score
score point
duration length
purchase order
physician doctor
movie film
author writer
car vehicle
automobile car
college university
course class
mail email
quantity amount
number count
area region
spouse partner
role position
street road
state province
zip postal
start begin
store shop
airplane plane
plane aircraft
pupil student
description detail
population inhabitant
club society
goal aim
`)

// Near gives the words that often stand for the given lemma in names.
func Near(lemma string) []string { return near[lemma] }

var loose = nearWords(looseText)

// Loose gives words of which the given one may be another name where nothing
// is nearer.
func Loose(lemma string) []string { return loose[lemma] }

func ideas(text string) map[string][]string {
	m := map[string][]string{}
	for line := range strings.Lines(text) {
		if name, words, ok := strings.Cut(line, ":"); ok {
			m[name] = strings.Fields(words)
		}
	}
	return m
}

func nearWords(text string) map[string][]string {
	m := map[string][]string{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for _, a := range words {
			for _, b := range words {
				if a != b {
					m[a] = append(m[a], b)
				}
			}
		}
	}
	return m
}

// Genders and truths are values that schemas shorten.
var shortValues = map[string][]string{
	"female": {"f", "female", "woman"}, "male": {"m", "male", "man"}, "woman": {"f", "female"}, "man": {"m", "male"},
	"girl": {"f", "female"}, "boy": {"m", "male"},
}

// peoples are countries by the adjective that is said of what is theirs.
var peoples = func() map[string][]string {
	m := map[string][]string{}
	for line := range strings.Lines(peopleText) {
		for entry := range strings.SplitSeq(strings.TrimSpace(line), ";") {
			if adjective, countries, ok := strings.Cut(strings.TrimSpace(entry), ":"); ok {
				m[adjective] = strings.Split(countries, ",")
			}
		}
	}
	return m
}()

const peopleText = `american:usa,united states,us,u.s.,united states of america,america; british:uk,united kingdom,britain,great britain,england; english:england,uk; scottish:scotland; welsh:wales; irish:ireland
french:france; german:germany; spanish:spain; italian:italy; portuguese:portugal; dutch:netherlands,the netherlands,holland; belgian:belgium; swiss:switzerland; austrian:austria; swedish:sweden
norwegian:norway; danish:denmark; finnish:finland; icelandic:iceland; polish:poland; czech:czech republic,czechia; slovak:slovakia; hungarian:hungary; romanian:romania; bulgarian:bulgaria
greek:greece; turkish:turkey; russian:russia,russian federation; ukrainian:ukraine; serbian:serbia; croatian:croatia; slovenian:slovenia; estonian:estonia; latvian:latvia; lithuanian:lithuania
canadian:canada; mexican:mexico; brazilian:brazil; argentine:argentina; argentinian:argentina; chilean:chile; colombian:colombia; peruvian:peru; venezuelan:venezuela; cuban:cuba; jamaican:jamaica
chinese:china,people's republic of china; japanese:japan; korean:south korea,korea; indian:india; pakistani:pakistan; bangladeshi:bangladesh; thai:thailand; vietnamese:vietnam; indonesian:indonesia
malaysian:malaysia; filipino:philippines; singaporean:singapore; israeli:israel; iranian:iran; iraqi:iraq; saudi:saudi arabia; egyptian:egypt; moroccan:morocco; algerian:algeria; tunisian:tunisia
nigerian:nigeria; kenyan:kenya; ethiopian:ethiopia; ghanaian:ghana; south african:south africa; australian:australia; new zealand:new zealand; european:europe; asian:asia; african:africa`

// places are states and countries by their letters, and letters by what they
// stand for.
var places = func() map[string][]string {
	m := map[string][]string{}
	for entry := range strings.SplitSeq(strings.ReplaceAll(placeText, "\n", ";"), ";") {
		names := strings.Split(strings.TrimSpace(entry), ",")
		for i, n := range names {
			m[n] = append(m[n], append(append([]string(nil), names[:i]...), names[i+1:]...)...)
		}
	}
	return m
}()

const placeText = `al,alabama;ak,alaska;az,arizona;ar,arkansas;ca,california;co,colorado;ct,connecticut;de,delaware;fl,florida;ga,georgia;hi,hawaii;id,idaho;il,illinois;in,indiana;ia,iowa
ks,kansas;ky,kentucky;la,louisiana;la,los angeles;me,maine;md,maryland;ma,massachusetts;mi,michigan;mn,minnesota;ms,mississippi;mo,missouri;mt,montana;ne,nebraska;nv,nevada;nh,new hampshire
nj,new jersey;nm,new mexico;ny,new york;nyc,new york city,new york;nc,north carolina;nd,north dakota;oh,ohio;ok,oklahoma;or,oregon;pa,pennsylvania;ri,rhode island;sc,south carolina
sd,south dakota;tn,tennessee;tx,texas;ut,utah;vt,vermont;va,virginia;wa,washington;wv,west virginia;wi,wisconsin;wy,wyoming;dc,district of columbia,washington dc;sf,san francisco
us,usa,u.s.,u.s.a.,united states,united states of america;uk,u.k.,united kingdom,great britain;uae,united arab emirates;eu,european union;russia,russian federation;holland,netherlands,the netherlands
south korea,republic of korea;czech republic,czechia;ivory coast,cote d'ivoire;burma,myanmar;br,brazil;de,germany;fr,france;es,spain;it,italy;jp,japan;cn,china;ru,russia;mx,mexico;ca,canada;au,australia
gb,united kingdom;nl,netherlands;se,sweden;ch,switzerland;at,austria;be,belgium;pt,portugal;pl,poland;gr,greece;tr,turkey;kr,south korea
jan,january;feb,february;mar,march;apr,april;jun,june;jul,july;aug,august;sep,sept,september;oct,october;nov,november;dec,december
mon,monday;tue,tues,tuesday;wed,wednesday;thu,thur,thurs,thursday;fri,friday;sat,saturday;sun,sunday`

// ShortValues gives how a value's words may be stored otherwise: female, F;
// French, France; California, CA; the United States, USA. Words written in
// small letters have no letters to be short for.
func ShortValues(lemma string, written bool) []string {
	if v, ok := shortValues[lemma]; ok {
		return v
	}
	if v, ok := peoples[lemma]; ok || !written {
		return v
	}
	return places[lemma]
}
