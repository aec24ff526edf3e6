# A Perl program that lists containers, changes one, and hears of it. The argument is the URI.
use strict;
use warnings;
use Sys::Virt;
use Sys::Virt::Domain;

Sys::Virt::Event::register_default();
my $conn  = Sys::Virt->new(uri => $ARGV[0]);
my @heard = ();
my $id = $conn->domain_event_register_any(
    undef,
    Sys::Virt::Domain::EVENT_ID_LIFECYCLE,
    sub {
        my ($c, $dom, $event, $detail) = @_;
        push @heard, $dom->get_name() . " $event $detail";
    }
);

printf "%s %s\n", $conn->get_type(), $conn->get_uri() =~ /^openvz/ ? "here" : "elsewhere";
my $web = $conn->define_domain(<<'XML');
<domain type='openvz' id='209'>
  <name>web</name>
  <devices><filesystem type='template'><source name='busybox'/></filesystem></devices>
</domain>
XML
$web->create();
foreach my $dom ($conn->list_all_domains()) {
    my $info = $dom->get_info();
    printf "%s %d %s %d %d\n", $dom->get_name(), $dom->get_id(), $dom->get_os_type(),
      $info->{state}, $info->{maxMem};
}
print "xml\n" if $web->get_xml_description() =~ m{<name>web</name>};
my ($stats) = $conn->get_all_domain_stats(Sys::Virt::Domain::STATS_STATE);
printf "state %d\n", $stats->{data}->{"state.state"};
eval { $conn->get_domain_by_name("nobody") };
printf "error %d %s\n", $@->code, ref $@;
$web->suspend();
$web->resume();
$web->destroy();
$web->undefine();
my $until = time + 20;
Sys::Virt::Event::run_default() while @heard < 6 && time < $until;
print "$_\n" foreach @heard;
$conn->domain_event_deregister_any($id);
