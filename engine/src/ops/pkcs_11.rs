//! PKCS#11 (KMIP 2.1, 6.1.37): a function of PKCS#11, for the application with this correlation value.

use crate::context::{Context, Execute};
use crate::cryptography::streaming;
use crate::pkcs11::{Application, Call, Input, Output};
use crate::refusal::{Cause, OpResult, refuse};
use bytes::Bytes;
use kmip_codec::SecretBytes;
use kmip_codec::enums::{PKCS11Function, PKCS11ReturnCode};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{CalledFunction, PKCS11Request, PKCS11Response};
use kmip_codec::version::V2_1;

/// The interface that there is: that of PKCS#11 3.0.
const INTERFACE: &str = "PKCS 11";

/// The version of the profile that C_Initialize names: how parameters are written.
const PROFILE_VERSION: &[u8] = &[1];

impl Execute for PKCS11Request {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<PKCS11Response> {
        if self.interface.as_ref().is_some_and(|name| name != INTERFACE) {
            let text = format!("there is one PKCS#11 interface here: {INTERFACE:?}, the one without a name");
            return refuse(Cause::Pkcs11Interface, text);
        }
        let function = match self.function {
            CalledFunction::Defined(function) if function.is_in(V2_1) => function,
            CalledFunction::Defined(_) => {
                return refuse(Cause::Pkcs11Function, "PKCS#11 3.0 has no function of this number");
            }
            CalledFunction::Vendor(number) => {
                let text = format!("there are no functions of vendors here, and none of number {number}");
                return refuse(Cause::Pkcs11Function, text);
            }
        };
        cx.note = function.name(V2_1).unwrap_or_default().to_owned();
        let kept = match &self.correlation_value {
            Some(correlation) => {
                cx.draft.part(correlation, Operation::PKCS_11)?.map(|kept| (correlation.clone(), kept))
            }
            None => None,
        };
        let input = Input(self.input_parameters.as_ref().map(SecretBytes::expose).unwrap_or_default());
        let mut answer = PKCS11Response {
            interface: self.interface.clone(),
            function: self.function,
            ..PKCS11Response::default()
        };
        answer.return_code = match (function, kept) {
            (PKCS11Function::C_Initialize, Some(_)) => PKCS11ReturnCode::CRYPTOKI_ALREADY_INITIALIZED,
            (PKCS11Function::C_Initialize, None) => initialize(cx, input, &mut answer.correlation_value)?,
            (_, None) => PKCS11ReturnCode::CRYPTOKI_NOT_INITIALIZED,
            (PKCS11Function::C_Finalize, Some((correlation, _))) => {
                cx.draft.keep_part(&correlation, None)?;
                PKCS11ReturnCode::OK
            }
            (function, Some((correlation, kept))) => {
                let mut application = Application::decode(&kept)?;
                let mut call = Call { cx, application: &mut application, input, output: Output::default() };
                let code = call.run(function)?;
                let output = SecretBytes::from(call.output.0);
                answer.output_parameters = (!output.is_empty()).then_some(output);
                let after = application.encode();
                if after != kept {
                    cx.draft.keep_part(&correlation, Some((Operation::PKCS_11, after)))?;
                }
                code
            }
        };
        Ok(answer)
    }
}

/// Begins an application.
fn initialize(
    cx: &mut Context<'_, '_>,
    mut input: Input<'_>,
    correlation_value: &mut Option<Bytes>,
) -> OpResult<PKCS11ReturnCode> {
    let version = input.take(PROFILE_VERSION.len())?;
    input.end()?;
    if version != PROFILE_VERSION {
        return Ok(PKCS11ReturnCode::ARGUMENTS_BAD);
    }
    let correlation = streaming::begin(cx)?;
    cx.draft.keep_part(&correlation, Some((Operation::PKCS_11, Application::default().encode())))?;
    *correlation_value = Some(correlation);
    Ok(PKCS11ReturnCode::OK)
}
