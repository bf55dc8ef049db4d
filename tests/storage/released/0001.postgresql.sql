SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.callers (
    number text NOT NULL,
    first_call bigint NOT NULL,
    last_call bigint NOT NULL
);
CREATE TABLE public.calls (
    id text NOT NULL,
    caller text,
    state text NOT NULL,
    outcome text,
    queue text,
    seat text,
    t0 bigint NOT NULL,
    t1 bigint,
    t2 bigint,
    t3 bigint,
    t4 bigint,
    t5 bigint,
    held boolean NOT NULL,
    ticket_id text,
    digits text NOT NULL,
    recovered boolean NOT NULL,
    last_at bigint NOT NULL,
    recording_path text
);
CREATE TABLE public.journal (
    seq bigint NOT NULL,
    "time" bigint NOT NULL,
    call_id text,
    kind text NOT NULL,
    data text NOT NULL,
    recovered boolean NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL
);
CREATE TABLE public.legs (
    call_id text NOT NULL,
    "position" integer NOT NULL,
    id text NOT NULL,
    kind text NOT NULL,
    party text,
    number text,
    state text NOT NULL,
    outcome text,
    started bigint NOT NULL,
    answered bigint,
    joined bigint,
    ended bigint
);
CREATE TABLE public.recordings (
    call_id text NOT NULL,
    state text NOT NULL,
    started bigint,
    seconds double precision
);
CREATE TABLE public.seats (
    extension text NOT NULL,
    operator text NOT NULL,
    state text NOT NULL,
    reason text,
    since bigint NOT NULL,
    call_id text,
    phone text NOT NULL,
    missed integer NOT NULL,
    idle_since bigint NOT NULL
);
CREATE TABLE public.ticket_calls (
    ticket_id text NOT NULL,
    "position" integer NOT NULL,
    call_id text NOT NULL,
    drafted boolean NOT NULL
);
CREATE TABLE public.ticket_days (
    day text NOT NULL,
    given integer NOT NULL
);
CREATE TABLE public.ticket_trace (
    ticket_id text NOT NULL,
    seq integer NOT NULL,
    "time" bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    note text,
    hash text NOT NULL
);
CREATE TABLE public.tickets (
    id text NOT NULL,
    number text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL,
    kind text,
    category text,
    urgency text NOT NULL,
    caller_name text,
    caller_phone text,
    address text,
    matter text,
    wanted text,
    confidential boolean NOT NULL,
    notes text,
    unit text,
    due bigint,
    created bigint NOT NULL,
    filed bigint
);
CREATE TABLE public.units (
    id text NOT NULL,
    name text NOT NULL,
    number text NOT NULL,
    parent text,
    active boolean NOT NULL
);
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.callers VALUES ('13800000000', 1795492800123456, 1795494720123456);
INSERT INTO public.callers VALUES ('13800000001', 1795492980123456, 1795492980123456);
INSERT INTO public.callers VALUES ('13800000002', 1795493160123456, 1795493160123456);
INSERT INTO public.callers VALUES ('13800000003', 1795493340123456, 1795493340123456);
INSERT INTO public.callers VALUES ('13800000004', 1795493520123456, 1795493520123456);
INSERT INTO public.calls VALUES ('5f0c3e0e-0000-4000-8000-000000000001', '13800000000', 'ended', 'answered', 'hotline', '8001', 1795492800123456, 1795492800323456, 1795492801123456, 1795492801223456, 1795492804123456, 1795492860123456, false, NULL, '[]', false, 1795492870123456, '/incoming/5f0c3e0e-0000-4000-8000-000000000001.raw');
INSERT INTO public.calls VALUES ('5f0c3e0e-0000-4000-8000-000000000002', '13800000001', 'ended', 'answered', 'hotline', '8002', 1795492980123456, 1795492980323456, 1795492981123456, 1795492981223456, 1795492984123456, 1795493040123456, false, NULL, '[]', false, 1795493050123456, '/incoming/5f0c3e0e-0000-4000-8000-000000000002.raw');
INSERT INTO public.calls VALUES ('5f0c3e0e-0000-4000-8000-000000000003', '13800000002', 'ended', 'answered', 'hotline', '8001', 1795493160123456, 1795493160323456, 1795493161123456, 1795493161223456, 1795493164123456, 1795493220123456, false, NULL, '[]', false, 1795493230123456, '/incoming/5f0c3e0e-0000-4000-8000-000000000003.raw');
INSERT INTO public.calls VALUES ('5f0c3e0e-0000-4000-8000-000000000004', '13800000003', 'ended', 'answered', 'hotline', '8002', 1795493340123456, 1795493340323456, 1795493341123456, 1795493341223456, 1795493344123456, 1795493400123456, false, NULL, '[]', false, 1795493410123456, '/incoming/5f0c3e0e-0000-4000-8000-000000000004.raw');
INSERT INTO public.calls VALUES ('5f0c3e0e-0000-4000-8000-000000000005', '13800000004', 'ended', 'answered', 'hotline', '8001', 1795493520123456, 1795493520323456, 1795493521123456, 1795493521223456, 1795493524123456, 1795493580123456, false, NULL, '[]', false, 1795493590123456, '/incoming/5f0c3e0e-0000-4000-8000-000000000005.raw');
INSERT INTO public.calls VALUES ('5f0c3e0e-0000-4000-8000-000000000006', NULL, 'ended', 'abandoned_queue', 'hotline', NULL, 1795494600123456, 1795494600423456, 1795494603123456, NULL, NULL, 1795494620123456, false, NULL, '[]', false, 1795494620123456, '/incoming/5f0c3e0e-0000-4000-8000-000000000006.raw');
INSERT INTO public.calls VALUES ('5f0c3e0e-0000-4000-8000-000000000007', '13800000000', 'talking', NULL, 'hotline', '8001', 1795494720123456, 1795494720323456, 1795494721123456, 1795494721223456, 1795494724123456, NULL, false, NULL, '[]', false, 1795494724123456, '/incoming/5f0c3e0e-0000-4000-8000-000000000007.raw');
INSERT INTO public.journal VALUES (1, 1795492800123456, NULL, 'seat.changed', '{"seat":{"call_id":null,"extension":"8001","idle_since":"2026-11-24T04:00:00.123456+00:00","missed":1,"operator":"\u674e\u82b3","phone":"registered","reason":null,"since":"2026-11-24T04:00:00.123456+00:00","state":"ready"}}', false, '', 'ba21f7de8f7b222b6508f753ce109159d868aa5b2efa925e8ce1ebcee0a694b1');
INSERT INTO public.journal VALUES (2, 1795492800123456, NULL, 'seat.changed', '{"seat":{"call_id":null,"extension":"8002","idle_since":"2026-11-24T04:00:00.123456+00:00","missed":1,"operator":"\u674e\u82b3","phone":"registered","reason":null,"since":"2026-11-24T04:00:00.123456+00:00","state":"ready"}}', false, 'ba21f7de8f7b222b6508f753ce109159d868aa5b2efa925e8ce1ebcee0a694b1', 'a98e6e97744a95063e2122cd114c8f784e380630f7b2f00bfd21d19bff479775');
INSERT INTO public.journal VALUES (3, 1795492800123456, '5f0c3e0e-0000-4000-8000-000000000001', 'call.arrived', '{"caller":"13800000000","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000001.raw"}', false, 'a98e6e97744a95063e2122cd114c8f784e380630f7b2f00bfd21d19bff479775', 'b6c094ee77851ee1d94835ffb2ab982964e6014d54f0cc3cd90c491475d1cb20');
INSERT INTO public.journal VALUES (4, 1795492800323456, '5f0c3e0e-0000-4000-8000-000000000001', 'call.voice', '{}', false, 'b6c094ee77851ee1d94835ffb2ab982964e6014d54f0cc3cd90c491475d1cb20', 'd51a9629619ede15742c39ac41ce68de79400558dece5653c4ae897362b070fc');
INSERT INTO public.journal VALUES (5, 1795492800323456, '5f0c3e0e-0000-4000-8000-000000000001', 'recording.changed', '{"recording":{"seconds":null,"started":"2026-11-24T04:00:00.323456+00:00","state":"recording"}}', false, 'd51a9629619ede15742c39ac41ce68de79400558dece5653c4ae897362b070fc', '0f216acd36a2a6c9ba329a7787d2561a8f9324fde344e537b49b7c7323a0a563');
INSERT INTO public.journal VALUES (6, 1795492801123456, '5f0c3e0e-0000-4000-8000-000000000001', 'call.queued', '{"queue":"hotline"}', false, '0f216acd36a2a6c9ba329a7787d2561a8f9324fde344e537b49b7c7323a0a563', '86c48567a308e7212203ab88b095450119346faf7a8900256dbeae62c6c52a62');
INSERT INTO public.journal VALUES (7, 1795492801123456, '5f0c3e0e-0000-4000-8000-000000000001', 'call.offered', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000001-seat","seat":"8001"}', false, '86c48567a308e7212203ab88b095450119346faf7a8900256dbeae62c6c52a62', '57183e1ada73955a1a136376dddf71405d8642e9193c1959e5ad07013c29edb4');
INSERT INTO public.journal VALUES (8, 1795492801123456, '5f0c3e0e-0000-4000-8000-000000000001', 'leg.changed', '{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000001-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8001","started":"2026-11-24T04:00:00.123456+00:00","state":"dialing"}}', false, '57183e1ada73955a1a136376dddf71405d8642e9193c1959e5ad07013c29edb4', '80aa945d54afc98fde954804e56439a6720673c984e7dad0cecd25b58f841ac2');
INSERT INTO public.journal VALUES (9, 1795492801223456, '5f0c3e0e-0000-4000-8000-000000000001', 'call.ringing', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000001-seat","seat":"8001"}', false, '80aa945d54afc98fde954804e56439a6720673c984e7dad0cecd25b58f841ac2', '8f7cca8928a83bc346463a5854907f96850105bf30bdb66ca958b293668b7bd2');
INSERT INTO public.journal VALUES (10, 1795492804123456, '5f0c3e0e-0000-4000-8000-000000000001', 'call.talking', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000001-seat","seat":"8001"}', false, '8f7cca8928a83bc346463a5854907f96850105bf30bdb66ca958b293668b7bd2', 'a95a6de26820b341343fd62e5390cc96d335eab7a5bb55df8e4476a9c4ecf56d');
INSERT INTO public.journal VALUES (11, 1795492860123456, '5f0c3e0e-0000-4000-8000-000000000001', 'leg.changed', '{"leg":{"answered":"2026-11-24T04:00:04.123456+00:00","ended":"2026-11-24T04:01:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000001-seat","joined":"2026-11-24T04:00:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8001","started":"2026-11-24T04:00:00.123456+00:00","state":"ended"}}', false, 'a95a6de26820b341343fd62e5390cc96d335eab7a5bb55df8e4476a9c4ecf56d', '5b8ec2a332409233f1fc6b680300ceb124ede11056a2be4349be3ba9ff0f93c5');
INSERT INTO public.journal VALUES (12, 1795492860123456, '5f0c3e0e-0000-4000-8000-000000000001', 'call.ended', '{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}', false, '5b8ec2a332409233f1fc6b680300ceb124ede11056a2be4349be3ba9ff0f93c5', '794db89a99de3fbebed83b405e415835b2571e144444b5a65fbff608bc9dc1d7');
INSERT INTO public.journal VALUES (13, 1795492870123456, '5f0c3e0e-0000-4000-8000-000000000001', 'recording.changed', '{"recording":{"seconds":59.8,"started":"2026-11-24T04:00:00.323456+00:00","state":"kept"}}', false, '794db89a99de3fbebed83b405e415835b2571e144444b5a65fbff608bc9dc1d7', '314eb624b0dc2dc802a4fedb56fd0ec064a933ed63e2c7ced00c8149d3bbcd69');
INSERT INTO public.journal VALUES (14, 1795492980123456, '5f0c3e0e-0000-4000-8000-000000000002', 'call.arrived', '{"caller":"13800000001","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000002.raw"}', false, '314eb624b0dc2dc802a4fedb56fd0ec064a933ed63e2c7ced00c8149d3bbcd69', '672fddfcc9b06e4188e15a31577493fe77ed989f896b1fd464cbb996d65953b3');
INSERT INTO public.journal VALUES (15, 1795492980323456, '5f0c3e0e-0000-4000-8000-000000000002', 'call.voice', '{}', false, '672fddfcc9b06e4188e15a31577493fe77ed989f896b1fd464cbb996d65953b3', '5811665e0acde16f9fa5318dfb3511e5b741608e59cbb7dd32242bb32e0112bb');
INSERT INTO public.journal VALUES (16, 1795492980323456, '5f0c3e0e-0000-4000-8000-000000000002', 'recording.changed', '{"recording":{"seconds":null,"started":"2026-11-24T04:03:00.323456+00:00","state":"recording"}}', false, '5811665e0acde16f9fa5318dfb3511e5b741608e59cbb7dd32242bb32e0112bb', '4d191f51f0d21e8f00c98710e98dce62f78f1bb5dfc974f2b2ee7d8823b08a6c');
INSERT INTO public.journal VALUES (17, 1795492981123456, '5f0c3e0e-0000-4000-8000-000000000002', 'call.queued', '{"queue":"hotline"}', false, '4d191f51f0d21e8f00c98710e98dce62f78f1bb5dfc974f2b2ee7d8823b08a6c', '06db21f7c8c30bc9730713b554aa6d72b40d27b088c40872bb2de324887dc988');
INSERT INTO public.journal VALUES (18, 1795492981123456, '5f0c3e0e-0000-4000-8000-000000000002', 'call.offered', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000002-seat","seat":"8002"}', false, '06db21f7c8c30bc9730713b554aa6d72b40d27b088c40872bb2de324887dc988', 'c017def1853002d45ee207e1d01aa699fd02811ec3b19c6b592570bd84e7beeb');
INSERT INTO public.journal VALUES (19, 1795492981123456, '5f0c3e0e-0000-4000-8000-000000000002', 'leg.changed', '{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000002-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8002","started":"2026-11-24T04:03:00.123456+00:00","state":"dialing"}}', false, 'c017def1853002d45ee207e1d01aa699fd02811ec3b19c6b592570bd84e7beeb', 'f710acb5e0fd58139cfd7174a8514b2d9346b6ef47a9d1a174decd0595d3943f');
INSERT INTO public.journal VALUES (20, 1795492981223456, '5f0c3e0e-0000-4000-8000-000000000002', 'call.ringing', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000002-seat","seat":"8002"}', false, 'f710acb5e0fd58139cfd7174a8514b2d9346b6ef47a9d1a174decd0595d3943f', '5981a488e8bb9f73e9697d838848a565b9b574e755a93cab7d14066d1c37bcf9');
INSERT INTO public.journal VALUES (21, 1795492984123456, '5f0c3e0e-0000-4000-8000-000000000002', 'call.talking', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000002-seat","seat":"8002"}', false, '5981a488e8bb9f73e9697d838848a565b9b574e755a93cab7d14066d1c37bcf9', 'a4a185288bcc287470e52e81a948cbc463e37b704f2e27ed2d4be98a255bfb75');
INSERT INTO public.journal VALUES (22, 1795493040123456, '5f0c3e0e-0000-4000-8000-000000000002', 'leg.changed', '{"leg":{"answered":"2026-11-24T04:03:04.123456+00:00","ended":"2026-11-24T04:04:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000002-seat","joined":"2026-11-24T04:03:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8002","started":"2026-11-24T04:03:00.123456+00:00","state":"ended"}}', false, 'a4a185288bcc287470e52e81a948cbc463e37b704f2e27ed2d4be98a255bfb75', '6777f406e6dfd59f2a00e6c0225f7af0d348277526df13d2cca2483abea9458d');
INSERT INTO public.journal VALUES (23, 1795493040123456, '5f0c3e0e-0000-4000-8000-000000000002', 'call.ended', '{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}', false, '6777f406e6dfd59f2a00e6c0225f7af0d348277526df13d2cca2483abea9458d', '652af3c237b6331cfd7515d9b706861d9a4524d520cd939a2a0b201372a82b3c');
INSERT INTO public.journal VALUES (24, 1795493050123456, '5f0c3e0e-0000-4000-8000-000000000002', 'recording.changed', '{"recording":{"seconds":59.8,"started":"2026-11-24T04:03:00.323456+00:00","state":"kept"}}', false, '652af3c237b6331cfd7515d9b706861d9a4524d520cd939a2a0b201372a82b3c', 'e889d13bfce3c6d3fa9f213b3d41edcc739da47b891569338265fa291967665f');
INSERT INTO public.journal VALUES (25, 1795493160123456, '5f0c3e0e-0000-4000-8000-000000000003', 'call.arrived', '{"caller":"13800000002","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000003.raw"}', false, 'e889d13bfce3c6d3fa9f213b3d41edcc739da47b891569338265fa291967665f', 'c786cdb8f2e3f6cd0926880571d72efd0274500abf7189f19e899dfb6bb9352a');
INSERT INTO public.journal VALUES (26, 1795493160323456, '5f0c3e0e-0000-4000-8000-000000000003', 'call.voice', '{}', false, 'c786cdb8f2e3f6cd0926880571d72efd0274500abf7189f19e899dfb6bb9352a', 'dcde3e287f151410e34521cd0eebbded844ee85aac84c2e89356d0323abf0fee');
INSERT INTO public.journal VALUES (27, 1795493160323456, '5f0c3e0e-0000-4000-8000-000000000003', 'recording.changed', '{"recording":{"seconds":null,"started":"2026-11-24T04:06:00.323456+00:00","state":"recording"}}', false, 'dcde3e287f151410e34521cd0eebbded844ee85aac84c2e89356d0323abf0fee', 'a60a1677d538faa4edcad7da2e781a45fe0156bf4ee6516b3c6d18512b696a4b');
INSERT INTO public.journal VALUES (28, 1795493161123456, '5f0c3e0e-0000-4000-8000-000000000003', 'call.queued', '{"queue":"hotline"}', false, 'a60a1677d538faa4edcad7da2e781a45fe0156bf4ee6516b3c6d18512b696a4b', '37de7c7d284dc385320b3730fd9aac127b726ac9f618a44880a7992fe9665041');
INSERT INTO public.journal VALUES (29, 1795493161123456, '5f0c3e0e-0000-4000-8000-000000000003', 'call.offered', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000003-seat","seat":"8001"}', false, '37de7c7d284dc385320b3730fd9aac127b726ac9f618a44880a7992fe9665041', 'c5337b87bee1b10ca8973f37b2c24a5fd324248c711b0ddb4dbbb24c073b72a6');
INSERT INTO public.journal VALUES (30, 1795493161123456, '5f0c3e0e-0000-4000-8000-000000000003', 'leg.changed', '{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000003-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8001","started":"2026-11-24T04:06:00.123456+00:00","state":"dialing"}}', false, 'c5337b87bee1b10ca8973f37b2c24a5fd324248c711b0ddb4dbbb24c073b72a6', 'bc9d58ff14304863562df361cbd25f51089eab99c8827f7629b831a46e51f973');
INSERT INTO public.journal VALUES (31, 1795493161223456, '5f0c3e0e-0000-4000-8000-000000000003', 'call.ringing', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000003-seat","seat":"8001"}', false, 'bc9d58ff14304863562df361cbd25f51089eab99c8827f7629b831a46e51f973', '63eebbcbc84907db9610a8f4663f9a3e80626e33a37a73f06bc42216da1cfc4b');
INSERT INTO public.journal VALUES (32, 1795493164123456, '5f0c3e0e-0000-4000-8000-000000000003', 'call.talking', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000003-seat","seat":"8001"}', false, '63eebbcbc84907db9610a8f4663f9a3e80626e33a37a73f06bc42216da1cfc4b', '3e285d8a516e46e2f36ed6516fdf49b142b7c8dd2bd3eeac27d17367d5c4d2a4');
INSERT INTO public.journal VALUES (33, 1795493220123456, '5f0c3e0e-0000-4000-8000-000000000003', 'leg.changed', '{"leg":{"answered":"2026-11-24T04:06:04.123456+00:00","ended":"2026-11-24T04:07:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000003-seat","joined":"2026-11-24T04:06:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8001","started":"2026-11-24T04:06:00.123456+00:00","state":"ended"}}', false, '3e285d8a516e46e2f36ed6516fdf49b142b7c8dd2bd3eeac27d17367d5c4d2a4', '8e95f61d50cacfa44566de2c14271e50b24f38e9010c7731d570478a63ea0a75');
INSERT INTO public.journal VALUES (34, 1795493220123456, '5f0c3e0e-0000-4000-8000-000000000003', 'call.ended', '{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}', false, '8e95f61d50cacfa44566de2c14271e50b24f38e9010c7731d570478a63ea0a75', '2f8539be1d7218b99386101a41d4c63e39fba1e35570e808a2cb8c3edea8bebc');
INSERT INTO public.journal VALUES (35, 1795493230123456, '5f0c3e0e-0000-4000-8000-000000000003', 'recording.changed', '{"recording":{"seconds":59.8,"started":"2026-11-24T04:06:00.323456+00:00","state":"kept"}}', false, '2f8539be1d7218b99386101a41d4c63e39fba1e35570e808a2cb8c3edea8bebc', 'de7e05e4b5d3e61e275fae2bc76dbb429a3f39e199e6fce0fa8d658d206f02ec');
INSERT INTO public.journal VALUES (36, 1795493340123456, '5f0c3e0e-0000-4000-8000-000000000004', 'call.arrived', '{"caller":"13800000003","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000004.raw"}', false, 'de7e05e4b5d3e61e275fae2bc76dbb429a3f39e199e6fce0fa8d658d206f02ec', '00f5f80ba35d4f0b308b6518285787a6984fedc8b40daf28c38d6afa2bc32b05');
INSERT INTO public.journal VALUES (37, 1795493340323456, '5f0c3e0e-0000-4000-8000-000000000004', 'call.voice', '{}', false, '00f5f80ba35d4f0b308b6518285787a6984fedc8b40daf28c38d6afa2bc32b05', '55019b7cbbee2e04bb62597447ac57d9356abd1a8e10619ae7f8ae0f6be14ef2');
INSERT INTO public.journal VALUES (38, 1795493340323456, '5f0c3e0e-0000-4000-8000-000000000004', 'recording.changed', '{"recording":{"seconds":null,"started":"2026-11-24T04:09:00.323456+00:00","state":"recording"}}', false, '55019b7cbbee2e04bb62597447ac57d9356abd1a8e10619ae7f8ae0f6be14ef2', '9cdd1c92529d38012f8eff5a583fd08b611b4c9400dbfeffe74b88b33c1b00e2');
INSERT INTO public.journal VALUES (39, 1795493341123456, '5f0c3e0e-0000-4000-8000-000000000004', 'call.queued', '{"queue":"hotline"}', false, '9cdd1c92529d38012f8eff5a583fd08b611b4c9400dbfeffe74b88b33c1b00e2', '533c35d542e8196e226181f8d0ede02157a96088f79501e62d06ab1386bbb027');
INSERT INTO public.journal VALUES (40, 1795493341123456, '5f0c3e0e-0000-4000-8000-000000000004', 'call.offered', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000004-seat","seat":"8002"}', false, '533c35d542e8196e226181f8d0ede02157a96088f79501e62d06ab1386bbb027', '2d598a867f3c5ba6e72674b2d1426ce46d4d7fdb05e85b29c8a21590302b111e');
INSERT INTO public.journal VALUES (41, 1795493341123456, '5f0c3e0e-0000-4000-8000-000000000004', 'leg.changed', '{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000004-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8002","started":"2026-11-24T04:09:00.123456+00:00","state":"dialing"}}', false, '2d598a867f3c5ba6e72674b2d1426ce46d4d7fdb05e85b29c8a21590302b111e', '1046f4432904f95bca5faff644d0ad4f87633606c3a6eaf047ac8ac863b6d988');
INSERT INTO public.journal VALUES (42, 1795493341223456, '5f0c3e0e-0000-4000-8000-000000000004', 'call.ringing', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000004-seat","seat":"8002"}', false, '1046f4432904f95bca5faff644d0ad4f87633606c3a6eaf047ac8ac863b6d988', '49225aee245b124bbe5a88fdec649302dc1d2532431e2a6c10b0ca5a0589a681');
INSERT INTO public.journal VALUES (43, 1795493344123456, '5f0c3e0e-0000-4000-8000-000000000004', 'call.talking', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000004-seat","seat":"8002"}', false, '49225aee245b124bbe5a88fdec649302dc1d2532431e2a6c10b0ca5a0589a681', '1af3b421519d58d71cf7acd27bbcce0b23b7ec44389fc420e02d3f11574ba5bc');
INSERT INTO public.journal VALUES (44, 1795493400123456, '5f0c3e0e-0000-4000-8000-000000000004', 'leg.changed', '{"leg":{"answered":"2026-11-24T04:09:04.123456+00:00","ended":"2026-11-24T04:10:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000004-seat","joined":"2026-11-24T04:09:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8002","started":"2026-11-24T04:09:00.123456+00:00","state":"ended"}}', false, '1af3b421519d58d71cf7acd27bbcce0b23b7ec44389fc420e02d3f11574ba5bc', '91688f6633b7c7b32d4a09d714401d374c5a726b1b456549d02c0734e29d3dca');
INSERT INTO public.journal VALUES (45, 1795493400123456, '5f0c3e0e-0000-4000-8000-000000000004', 'call.ended', '{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}', false, '91688f6633b7c7b32d4a09d714401d374c5a726b1b456549d02c0734e29d3dca', 'ca88c01fe6784e0a28f02c90d202a8eae2a056187c271295822a8578cc878c3b');
INSERT INTO public.journal VALUES (46, 1795493410123456, '5f0c3e0e-0000-4000-8000-000000000004', 'recording.changed', '{"recording":{"seconds":59.8,"started":"2026-11-24T04:09:00.323456+00:00","state":"kept"}}', false, 'ca88c01fe6784e0a28f02c90d202a8eae2a056187c271295822a8578cc878c3b', 'c3b8baf0b14e10cc1edfe8431f9e1e0bce044b18b67c4b3b01b1acab98c6e233');
INSERT INTO public.journal VALUES (47, 1795493520123456, '5f0c3e0e-0000-4000-8000-000000000005', 'call.arrived', '{"caller":"13800000004","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000005.raw"}', false, 'c3b8baf0b14e10cc1edfe8431f9e1e0bce044b18b67c4b3b01b1acab98c6e233', '978f70a8e3161862e09548416f0b96f4f575894613a63646b8b9cab85c5c6d45');
INSERT INTO public.journal VALUES (48, 1795493520323456, '5f0c3e0e-0000-4000-8000-000000000005', 'call.voice', '{}', false, '978f70a8e3161862e09548416f0b96f4f575894613a63646b8b9cab85c5c6d45', '9dff3c5ca3ac3d05a4baba6c658df02f8936225722ef3c44dbfecaef5cf67cd4');
INSERT INTO public.journal VALUES (49, 1795493520323456, '5f0c3e0e-0000-4000-8000-000000000005', 'recording.changed', '{"recording":{"seconds":null,"started":"2026-11-24T04:12:00.323456+00:00","state":"recording"}}', false, '9dff3c5ca3ac3d05a4baba6c658df02f8936225722ef3c44dbfecaef5cf67cd4', '14e73701b54f06a0841faaf0f029a3ebd7cfa37f7705fd7ecdf7cc6f988f6cd5');
INSERT INTO public.journal VALUES (50, 1795493521123456, '5f0c3e0e-0000-4000-8000-000000000005', 'call.queued', '{"queue":"hotline"}', false, '14e73701b54f06a0841faaf0f029a3ebd7cfa37f7705fd7ecdf7cc6f988f6cd5', 'd031ac7337448f2c343db63707299ba8400f5f6eeb6b08255fbff9dfbc1dc421');
INSERT INTO public.journal VALUES (51, 1795493521123456, '5f0c3e0e-0000-4000-8000-000000000005', 'call.offered', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000005-seat","seat":"8001"}', false, 'd031ac7337448f2c343db63707299ba8400f5f6eeb6b08255fbff9dfbc1dc421', '03704c5107377e21a03981c16ee5ca66353a8877de34e7da9e91a72c89d1b69e');
INSERT INTO public.journal VALUES (52, 1795493521123456, '5f0c3e0e-0000-4000-8000-000000000005', 'leg.changed', '{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000005-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8001","started":"2026-11-24T04:12:00.123456+00:00","state":"dialing"}}', false, '03704c5107377e21a03981c16ee5ca66353a8877de34e7da9e91a72c89d1b69e', '3f73246b24c17d17a08e34f55d21e4ab92f1617844c1a6d66eb1f4d5b323c51d');
INSERT INTO public.journal VALUES (53, 1795493521223456, '5f0c3e0e-0000-4000-8000-000000000005', 'call.ringing', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000005-seat","seat":"8001"}', false, '3f73246b24c17d17a08e34f55d21e4ab92f1617844c1a6d66eb1f4d5b323c51d', 'f72714deb6b289aba40e5d0506d88b56865b477c01ca739d5fa2854ff2eb2401');
INSERT INTO public.journal VALUES (54, 1795493524123456, '5f0c3e0e-0000-4000-8000-000000000005', 'call.talking', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000005-seat","seat":"8001"}', false, 'f72714deb6b289aba40e5d0506d88b56865b477c01ca739d5fa2854ff2eb2401', '54d596ad8992f63ec92b686943bf93a5bffc7fcd06571dca2f660ed36f1ddfc1');
INSERT INTO public.journal VALUES (55, 1795493580123456, '5f0c3e0e-0000-4000-8000-000000000005', 'leg.changed', '{"leg":{"answered":"2026-11-24T04:12:04.123456+00:00","ended":"2026-11-24T04:13:00.123456+00:00","id":"5f0c3e0e-0000-4000-8000-000000000005-seat","joined":"2026-11-24T04:12:04.123456+00:00","kind":"seat","number":null,"outcome":"answered","party":"8001","started":"2026-11-24T04:12:00.123456+00:00","state":"ended"}}', false, '54d596ad8992f63ec92b686943bf93a5bffc7fcd06571dca2f660ed36f1ddfc1', '87ebeafd09a5b995c7573470b95acec7b0448b77170c548909ffea4b0bb9b948');
INSERT INTO public.journal VALUES (56, 1795493580123456, '5f0c3e0e-0000-4000-8000-000000000005', 'call.ended', '{"ended_by":"caller","outcome":"answered","waited_ms":null,"where":"talking"}', false, '87ebeafd09a5b995c7573470b95acec7b0448b77170c548909ffea4b0bb9b948', 'c79cf984e557c23db0404d6ca88db1a8edefe1348de5f51ced91da53c5bcc1b0');
INSERT INTO public.journal VALUES (57, 1795493590123456, '5f0c3e0e-0000-4000-8000-000000000005', 'recording.changed', '{"recording":{"seconds":59.8,"started":"2026-11-24T04:12:00.323456+00:00","state":"kept"}}', false, 'c79cf984e557c23db0404d6ca88db1a8edefe1348de5f51ced91da53c5bcc1b0', 'a7810585a0a43af42ab1e00a25cfb6078af6ad5d3c5d41aee3515f90c76531de');
INSERT INTO public.journal VALUES (58, 1795494600123456, '5f0c3e0e-0000-4000-8000-000000000006', 'call.arrived', '{"caller":null,"recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000006.raw"}', false, 'a7810585a0a43af42ab1e00a25cfb6078af6ad5d3c5d41aee3515f90c76531de', 'ad0ac761e1d491659f847e8ae3f50867df046831d21c4a06d78dfc8cd745025e');
INSERT INTO public.journal VALUES (59, 1795494600423456, '5f0c3e0e-0000-4000-8000-000000000006', 'call.voice', '{}', false, 'ad0ac761e1d491659f847e8ae3f50867df046831d21c4a06d78dfc8cd745025e', '1a14b4ab8a4a916900a310783051d2ceb56fc37c0ccc622a0fa4c9d88ea95d0e');
INSERT INTO public.journal VALUES (60, 1795494603123456, '5f0c3e0e-0000-4000-8000-000000000006', 'call.queued', '{"queue":"hotline"}', false, '1a14b4ab8a4a916900a310783051d2ceb56fc37c0ccc622a0fa4c9d88ea95d0e', 'ab2b9fe19fba50b8aca1db456c419af4cbe576878c738daf66d1ead05e89ffa6');
INSERT INTO public.journal VALUES (61, 1795494620123456, '5f0c3e0e-0000-4000-8000-000000000006', 'call.ended', '{"ended_by":"caller","outcome":"abandoned_queue","waited_ms":17000,"where":"queued"}', false, 'ab2b9fe19fba50b8aca1db456c419af4cbe576878c738daf66d1ead05e89ffa6', '56f244267293f4cfa9d314a7876786fdd828c3ad8333d9955d4b0d318628b7e0');
INSERT INTO public.journal VALUES (62, 1795494720123456, '5f0c3e0e-0000-4000-8000-000000000007', 'call.arrived', '{"caller":"13800000000","recording_path":"/incoming/5f0c3e0e-0000-4000-8000-000000000007.raw"}', false, '56f244267293f4cfa9d314a7876786fdd828c3ad8333d9955d4b0d318628b7e0', 'bace6fa0cd4b35892a990896a302bf28712a1cc29f6b67150cd020b34a91245a');
INSERT INTO public.journal VALUES (63, 1795494720323456, '5f0c3e0e-0000-4000-8000-000000000007', 'call.voice', '{}', false, 'bace6fa0cd4b35892a990896a302bf28712a1cc29f6b67150cd020b34a91245a', '4450d90f90140b3572088ca5631cad5cdf2448fbf429a1bfd069354c4d7d7443');
INSERT INTO public.journal VALUES (64, 1795494720323456, '5f0c3e0e-0000-4000-8000-000000000007', 'recording.changed', '{"recording":{"seconds":null,"started":"2026-11-24T04:32:00.323456+00:00","state":"recording"}}', false, '4450d90f90140b3572088ca5631cad5cdf2448fbf429a1bfd069354c4d7d7443', '686796aa22db033b6d079938f53fcad615421128857bfc6e0e35e6d7592991ed');
INSERT INTO public.journal VALUES (65, 1795494721123456, '5f0c3e0e-0000-4000-8000-000000000007', 'call.queued', '{"queue":"hotline"}', false, '686796aa22db033b6d079938f53fcad615421128857bfc6e0e35e6d7592991ed', '926346782f07dbc91485d6d0d506817a4a1d0435070fa7fd2c7bbcefbec99523');
INSERT INTO public.journal VALUES (66, 1795494721123456, '5f0c3e0e-0000-4000-8000-000000000007', 'call.offered', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000007-seat","seat":"8001"}', false, '926346782f07dbc91485d6d0d506817a4a1d0435070fa7fd2c7bbcefbec99523', '1ceebcb3f65d9dcfca46f0fa2ef3adbdeda648d9ba5350988fd00a83d6f79324');
INSERT INTO public.journal VALUES (67, 1795494721123456, '5f0c3e0e-0000-4000-8000-000000000007', 'leg.changed', '{"leg":{"answered":null,"ended":null,"id":"5f0c3e0e-0000-4000-8000-000000000007-seat","joined":null,"kind":"seat","number":null,"outcome":null,"party":"8001","started":"2026-11-24T04:32:00.123456+00:00","state":"dialing"}}', false, '1ceebcb3f65d9dcfca46f0fa2ef3adbdeda648d9ba5350988fd00a83d6f79324', 'e81df8d72183f25acfb6705407ad82257b10fa94c9fb2c94a9a20332479eb2f7');
INSERT INTO public.journal VALUES (68, 1795494721223456, '5f0c3e0e-0000-4000-8000-000000000007', 'call.ringing', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000007-seat","seat":"8001"}', false, 'e81df8d72183f25acfb6705407ad82257b10fa94c9fb2c94a9a20332479eb2f7', 'c2812e5af535b27d6f02a6f1b07c1568fd3825a4aec2d45504a45818ac0a3182');
INSERT INTO public.journal VALUES (69, 1795494724123456, '5f0c3e0e-0000-4000-8000-000000000007', 'call.talking', '{"leg_id":"5f0c3e0e-0000-4000-8000-000000000007-seat","seat":"8001"}', false, 'c2812e5af535b27d6f02a6f1b07c1568fd3825a4aec2d45504a45818ac0a3182', '07227115a52be6179b463b7ff1d82a2f8daf66582c1e78a5e8cb6abc4f048a77');
INSERT INTO public.legs VALUES ('5f0c3e0e-0000-4000-8000-000000000001', 0, '5f0c3e0e-0000-4000-8000-000000000001-seat', 'seat', '8001', NULL, 'ended', 'answered', 1795492800123456, 1795492804123456, 1795492804123456, 1795492860123456);
INSERT INTO public.legs VALUES ('5f0c3e0e-0000-4000-8000-000000000002', 0, '5f0c3e0e-0000-4000-8000-000000000002-seat', 'seat', '8002', NULL, 'ended', 'answered', 1795492980123456, 1795492984123456, 1795492984123456, 1795493040123456);
INSERT INTO public.legs VALUES ('5f0c3e0e-0000-4000-8000-000000000003', 0, '5f0c3e0e-0000-4000-8000-000000000003-seat', 'seat', '8001', NULL, 'ended', 'answered', 1795493160123456, 1795493164123456, 1795493164123456, 1795493220123456);
INSERT INTO public.legs VALUES ('5f0c3e0e-0000-4000-8000-000000000004', 0, '5f0c3e0e-0000-4000-8000-000000000004-seat', 'seat', '8002', NULL, 'ended', 'answered', 1795493340123456, 1795493344123456, 1795493344123456, 1795493400123456);
INSERT INTO public.legs VALUES ('5f0c3e0e-0000-4000-8000-000000000005', 0, '5f0c3e0e-0000-4000-8000-000000000005-seat', 'seat', '8001', NULL, 'ended', 'answered', 1795493520123456, 1795493524123456, 1795493524123456, 1795493580123456);
INSERT INTO public.legs VALUES ('5f0c3e0e-0000-4000-8000-000000000007', 0, '5f0c3e0e-0000-4000-8000-000000000007-seat', 'seat', '8001', NULL, 'dialing', NULL, 1795494720123456, NULL, NULL, NULL);
INSERT INTO public.recordings VALUES ('5f0c3e0e-0000-4000-8000-000000000001', 'kept', 1795492800323456, 59.8);
INSERT INTO public.recordings VALUES ('5f0c3e0e-0000-4000-8000-000000000002', 'kept', 1795492980323456, 59.8);
INSERT INTO public.recordings VALUES ('5f0c3e0e-0000-4000-8000-000000000003', 'kept', 1795493160323456, 59.8);
INSERT INTO public.recordings VALUES ('5f0c3e0e-0000-4000-8000-000000000004', 'kept', 1795493340323456, 59.8);
INSERT INTO public.recordings VALUES ('5f0c3e0e-0000-4000-8000-000000000005', 'kept', 1795493520323456, 59.8);
INSERT INTO public.recordings VALUES ('5f0c3e0e-0000-4000-8000-000000000007', 'recording', 1795494720323456, NULL);
INSERT INTO public.seats VALUES ('8001', '李芳', 'ready', NULL, 1795492800123456, NULL, 'registered', 1, 1795492800123456);
INSERT INTO public.seats VALUES ('8002', '李芳', 'ready', NULL, 1795492800123456, NULL, 'registered', 1, 1795492800123456);
INSERT INTO public.ticket_calls VALUES ('01934000-0000-7000-8000-000000000001', 0, '5f0c3e0e-0000-4000-8000-000000000001', true);
INSERT INTO public.ticket_calls VALUES ('01934000-0000-7000-8000-000000000002', 0, '5f0c3e0e-0000-4000-8000-000000000002', true);
INSERT INTO public.ticket_calls VALUES ('01934000-0000-7000-8000-000000000003', 0, '5f0c3e0e-0000-4000-8000-000000000003', true);
INSERT INTO public.ticket_calls VALUES ('01934000-0000-7000-8000-000000000004', 0, '5f0c3e0e-0000-4000-8000-000000000004', true);
INSERT INTO public.ticket_days VALUES ('20261124', 5);
INSERT INTO public.ticket_trace VALUES ('01934000-0000-7000-8000-000000000001', 1, 1795492865123456, 'hotline', 'drafted', NULL, 'b6e34a7ee7a5b4c7f1dbad10b579e34690c302a4f2e6ba2ff63a46aeaae8091d');
INSERT INTO public.ticket_trace VALUES ('01934000-0000-7000-8000-000000000001', 2, 1795496400123456, '8001', 'edited', 'category, kind, matter, notes', 'e91e462f5354fe730d3d0d67df54d0ee5a67610bebee1e0effab96a3d1f50740');
INSERT INTO public.ticket_trace VALUES ('01934000-0000-7000-8000-000000000001', 3, 1795500000123456, '8001', 'filed', NULL, 'b9a3d5c6d2a1add25066054d893e1e2123fcde415a3bc763cae09f453073b318');
INSERT INTO public.ticket_trace VALUES ('01934000-0000-7000-8000-000000000002', 1, 1795493045123456, 'hotline', 'drafted', NULL, 'd6336df31dda7e88348164367edc29b9b3f8b58e5597b72712ddb05f7c4fc6ce');
INSERT INTO public.ticket_trace VALUES ('01934000-0000-7000-8000-000000000002', 2, 1795496400123456, '8001', 'edited', 'category, kind, matter, notes', '1f6ec7c96b141b71031a4f813f9fb59219e9d49446d6ababe81221b32b208edc');
INSERT INTO public.ticket_trace VALUES ('01934000-0000-7000-8000-000000000003', 1, 1795493225123456, 'hotline', 'drafted', NULL, '119ab04861a129ec65db1fdff63a7e0dcc15be0cba37cbfea26ccd8731e71772');
INSERT INTO public.ticket_trace VALUES ('01934000-0000-7000-8000-000000000004', 1, 1795493405123456, 'hotline', 'drafted', NULL, 'dbf73ac7a3613d5389a94c7a20a4481339c44908077f2f3b3fb2a82cdc280d3b');
INSERT INTO public.ticket_trace VALUES ('01934000-0000-7000-8000-000000000005', 1, 1795503600123456, '8002', 'drafted', NULL, '1f777e177de7830c23c194b4fe2bcc40df7deb6920c982bd56c0e51773b11a55');
INSERT INTO public.tickets VALUES ('01934000-0000-7000-8000-000000000001', '20261124000001', 3, 'filed', 'complaint', '噪声', 'normal', NULL, '13800000000', NULL, '夜间施工，噪声扰民', NULL, false, '市民称工地夜里十一点还在施工', NULL, NULL, 1795492865123456, 1795500000123456);
INSERT INTO public.tickets VALUES ('01934000-0000-7000-8000-000000000002', '20261124000002', 2, 'drafted', 'complaint', '噪声', 'normal', NULL, '13800000001', NULL, '夜间施工，噪声扰民', NULL, false, '市民称工地夜里十一点还在施工', NULL, NULL, 1795493045123456, NULL);
INSERT INTO public.tickets VALUES ('01934000-0000-7000-8000-000000000003', '20261124000003', 1, 'drafted', NULL, NULL, 'normal', NULL, '13800000002', NULL, NULL, NULL, false, NULL, NULL, NULL, 1795493225123456, NULL);
INSERT INTO public.tickets VALUES ('01934000-0000-7000-8000-000000000004', '20261124000004', 1, 'drafted', NULL, NULL, 'normal', NULL, '13800000003', NULL, NULL, NULL, false, NULL, NULL, NULL, 1795493405123456, NULL);
INSERT INTO public.tickets VALUES ('01934000-0000-7000-8000-000000000005', '20261124000005', 1, 'drafted', 'consultation', NULL, 'normal', NULL, NULL, NULL, '咨询办事材料', NULL, false, NULL, NULL, NULL, 1795503600123456, NULL);
INSERT INTO public.units VALUES ('zjw', '住建委', '02200000001', NULL, true);
INSERT INTO public.units VALUES ('zjw-1', '住建委一处', '02200000002', 'zjw', true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.callers
    ADD CONSTRAINT pk_callers PRIMARY KEY (number);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT pk_calls PRIMARY KEY (id);
ALTER TABLE ONLY public.journal
    ADD CONSTRAINT pk_journal PRIMARY KEY (seq);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT pk_legs PRIMARY KEY (call_id, "position");
ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT pk_recordings PRIMARY KEY (call_id);
ALTER TABLE ONLY public.seats
    ADD CONSTRAINT pk_seats PRIMARY KEY (extension);
ALTER TABLE ONLY public.ticket_calls
    ADD CONSTRAINT pk_ticket_calls PRIMARY KEY (ticket_id, "position");
ALTER TABLE ONLY public.ticket_days
    ADD CONSTRAINT pk_ticket_days PRIMARY KEY (day);
ALTER TABLE ONLY public.ticket_trace
    ADD CONSTRAINT pk_ticket_trace PRIMARY KEY (ticket_id, seq);
ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT pk_tickets PRIMARY KEY (id);
ALTER TABLE ONLY public.units
    ADD CONSTRAINT pk_units PRIMARY KEY (id);
ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT uq_tickets_number UNIQUE (number);
CREATE INDEX ix_calls_caller_t0 ON public.calls USING btree (caller, t0);
CREATE INDEX ix_calls_live ON public.calls USING btree (t0) WHERE (t5 IS NULL);
CREATE INDEX ix_calls_seat_t0 ON public.calls USING btree (seat, t0);
CREATE INDEX ix_calls_t0_id ON public.calls USING btree (t0, id);
CREATE INDEX ix_calls_ticket_due ON public.calls USING btree (t0) WHERE ((t4 IS NOT NULL) AND (ticket_id IS NULL));
CREATE INDEX ix_journal_call_id_seq ON public.journal USING btree (call_id, seq);
CREATE INDEX ix_journal_kind_seq ON public.journal USING btree (kind, seq);
CREATE INDEX ix_legs_party_started ON public.legs USING btree (party, started);
CREATE INDEX ix_recordings_state ON public.recordings USING btree (state);
CREATE INDEX ix_ticket_calls_call_id ON public.ticket_calls USING btree (call_id);
CREATE INDEX ix_tickets_caller_phone_created ON public.tickets USING btree (caller_phone, created);
CREATE INDEX ix_tickets_created_id ON public.tickets USING btree (created, id);
CREATE INDEX ix_tickets_due ON public.tickets USING btree (due);
CREATE INDEX ix_tickets_state_created ON public.tickets USING btree (state, created);
CREATE INDEX ix_tickets_unit_created ON public.tickets USING btree (unit, created);
CREATE UNIQUE INDEX uq_ticket_calls_drafted ON public.ticket_calls USING btree (call_id) WHERE drafted;
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT fk_legs_call_id_calls FOREIGN KEY (call_id) REFERENCES public.calls(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT fk_recordings_call_id_calls FOREIGN KEY (call_id) REFERENCES public.calls(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.ticket_calls
    ADD CONSTRAINT fk_ticket_calls_ticket_id_tickets FOREIGN KEY (ticket_id) REFERENCES public.tickets(id);
ALTER TABLE ONLY public.ticket_trace
    ADD CONSTRAINT fk_ticket_trace_ticket_id_tickets FOREIGN KEY (ticket_id) REFERENCES public.tickets(id);
