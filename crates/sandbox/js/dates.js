// Fits Luxon to the sandbox: the step's clock, the workflow's zone, and zone rules straight from the child instead of
// by way of formatted text.
export default function make(native, shared) {
  return (luxon) => {
    const { IANAZone, Settings } = luxon;
    void globalThis.Intl;
    IANAZone.isValidZone = (name) => typeof name === "string" && name !== "" && native.zone(name) != null;
    Object.defineProperty(IANAZone.prototype, "offset", {
      value(millis) {
        return this.valid ? native.offset(this.zoneName, Number(millis)) : NaN;
      },
      writable: true, configurable: true,
    });
    Settings.now = shared.now;
    Settings.defaultLocale = "en-US";
    Settings.defaultZone = native.zone(shared.facts.timezone) ? shared.facts.timezone : "UTC";
    return luxon;
  };
}
